//! The peers: how each is started, which operations it has, and what it leaves out of them, as its source has it. Called by
//! the side-by-side run and by the page.

use crate::operations::Operation;

/// Which language a server speaks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Speaks {
    /// Cognito's API, some with its OAuth endpoints.
    Cognito,
    /// OpenID Connect, and nothing of users.
    OpenId,
}

/// Where it comes from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Registry {
    Npm,
    PyPi,
}

/// A server that a user could pick instead. In `start` and `environment`, `{dir}` is where it is installed, `{work}` the empty
/// directory it runs in, `{port}` its port, `{users}` how many users there will be.
pub struct Peer {
    /// As the registry names it, and its folder in `bench/peers`.
    pub name: &'static str,
    pub version: &'static str,
    pub registry: Registry,
    pub speaks: Speaks,
    pub start: &'static [&'static str],
    pub environment: &'static [(&'static str, &'static str)],
    /// A path that it answers as soon as it can answer anything.
    pub ready: &'static str,
    /// Where its sign-in form posts to, if it has one.
    pub form: Option<&'static str>,
    /// What it keeps its data in.
    pub store: &'static str,
    pub unequal: &'static [&'static str],
    pub offers: &'static [Offer],
}

/// An operation that a peer has.
pub struct Offer {
    pub operation: Operation,
    /// Whether it does the work that Poolhouse does, or more.
    pub same: bool,
    /// What is unequal; may be empty.
    pub note: &'static str,
}

const fn same(operation: Operation, note: &'static str) -> Offer {
    Offer { operation, same: true, note }
}

const fn less(operation: Operation, note: &'static str) -> Offer {
    Offer { operation, same: false, note }
}

use Operation::{
    AdminCreateUser, ClientCredentials, CodeExchange, Discovery, FlowWithSession, FlowWithSignIn, GetUser, Jwks, ListUsers,
    ListUsersByEmail, ListUsersByPrefix, PasswordSignIn, Refresh, RefreshRotating, SignUp, SrpSignIn, UserInfo,
};

pub const PEERS: &[Peer] = &[COGNITO_LOCAL, MOTO, MINISTACK, OIDC_PROVIDER];

const COGNITO_LOCAL: Peer = Peer {
    name: "cognito-local",
    version: "5.3.0",
    registry: Registry::Npm,
    speaks: Speaks::Cognito,
    start: &["node", "{dir}/node_modules/cognito-local/lib/bin/start.js"],
    environment: &[("PORT", "{port}"), ("HOST", "127.0.0.1")],
    ready: "/health",
    form: Some("/oauth2/authorize"),
    store: "a JSON file, unsynced",
    unequal: &[
        "Passwords are kept and compared as plain text.",
        "One RSA key, the same in every installation, comes with the package.",
        "Each change writes all users anew into one JSON file, several at once, and never syncs it: a crash may lose it all.",
        "Has no client credentials, SRP, rotation, userInfo or resource servers.",
    ],
    offers: &[
        same(Jwks, "The key of the package."),
        same(Discovery, "Three members; they name port 9229 whatever it listens on."),
        same(
            Refresh,
            "The client's secret is not checked. Signs three tokens and throws one away; compares the token with those of all users.",
        ),
        less(
            CodeExchange,
            "The client's secret is not checked; codes are in memory, the refresh token goes to the unsynced file. Signs three tokens.",
        ),
        less(FlowWithSignIn, "Plain-text password, no session, no cookie, no protection of the form."),
        less(PasswordSignIn, "Plain-text password. Signs three tokens; writes all users to the unsynced file."),
        less(GetUser, "The token is decoded and believed: neither its signature nor its age is checked."),
        less(AdminCreateUser, "Plain-text password; no policy is applied to it; writes all users to the unsynced file."),
        less(
            SignUp,
            "Plain-text password; no policy is applied to it; writes all users to the unsynced file. No message is sent.",
        ),
        same(ListUsers, "Knows no page: answers with all users, where ten were asked for."),
        same(ListUsersByEmail, "Looks at every user."),
        same(ListUsersByPrefix, "Looks at every user; answers with all that fit, where ten were asked for."),
    ],
};

const MOTO: Peer = Peer {
    name: "moto",
    version: "5.2.5",
    registry: Registry::PyPi,
    speaks: Speaks::Cognito,
    start: &["{dir}/bin/python", "{dir}/bin/moto_server", "-H", "127.0.0.1", "-p", "{port}"],
    environment: &[],
    ready: "/moto-api/data.json",
    form: None,
    store: "memory",
    unequal: &[
        "Passwords are kept and compared as plain text.",
        "One RSA key, the same in every installation, comes with the package.",
        "Everything is in memory and gone at the end; every token ever made stays there.",
        "Answers SRP with made-up numbers and takes any proof, so its SRP is not measured.",
        "Has no OAuth endpoints: no client credentials, code exchange or userInfo.",
        "Signatures of requests are not checked. Runs on the development server of Werkzeug, a thread a request.",
    ],
    offers: &[
        same(Jwks, "The key of the package."),
        same(Discovery, "Six members."),
        same(Refresh, "By InitiateAuth, for want of a token endpoint. Searches all users several times."),
        less(PasswordSignIn, "Plain-text password; tokens are kept in memory. Searches all users several times."),
        less(GetUser, "Looks the token up among those it has made: neither signature nor age is checked. Searches all users."),
        less(AdminCreateUser, "Plain-text password, in memory; no policy is applied to it."),
        less(SignUp, "Plain-text password, in memory. No message is sent."),
        same(ListUsers, ""),
        same(ListUsersByEmail, "Looks at every user."),
        same(ListUsersByPrefix, "Looks at every user."),
    ],
};

const MINISTACK: Peer = Peer {
    name: "ministack",
    version: "1.5.33",
    registry: Registry::PyPi,
    speaks: Speaks::Cognito,
    start: &["{dir}/bin/python", "-m", "ministack"],
    environment: &[
        ("GATEWAY_PORT", "{port}"),
        ("BIND_HOST", "127.0.0.1"),
        ("SERVICES", "cognito-idp,cognito-identity"),
        // Else it listens on every address of the machine.
        ("IOT_MTLS_ENABLED", "0"),
        ("STATE_DIR", "{work}/state"),
        ("TMPDIR", "{work}"),
        ("LOG_LEVEL", "WARNING"),
    ],
    ready: "/_ministack/health",
    form: Some("/login"),
    store: "memory",
    unequal: &[
        "Passwords are kept and compared as plain text.",
        "Everything but its keys is in memory and gone at the end.",
        "Installed with cryptography, which its package leaves out: without it, tokens carry random bytes for a signature.",
        "Only its Cognito services are switched on. Signatures of requests are not checked.",
        "Has no rotation of refresh tokens.",
    ],
    offers: &[
        same(Jwks, ""),
        same(Discovery, ""),
        same(ClientCredentials, ""),
        same(Refresh, "A wrong secret of the client is refused, a missing one is not."),
        less(CodeExchange, "Codes and tokens are in memory. Signs three tokens: its refresh token is one too."),
        less(FlowWithSignIn, "Plain-text password, in memory; no session, no cookie, no protection of the form."),
        less(PasswordSignIn, "Plain-text password, in memory. Signs three tokens."),
        less(SrpSignIn, "In memory, and powers in variable time; it makes the verifier twice from the plain-text password."),
        less(GetUser, "The token is decoded and believed: neither its signature nor its age is checked. Searches all users."),
        less(UserInfo, "The token is decoded and believed: neither its signature nor its age is checked."),
        less(AdminCreateUser, "Plain-text password, in memory."),
        less(SignUp, "Plain-text password, in memory; every confirmation code is 123456. No message is sent."),
        same(ListUsers, ""),
        same(ListUsersByEmail, "Looks at every user."),
        same(ListUsersByPrefix, "Looks at every user."),
    ],
};

const OIDC_PROVIDER: Peer = Peer {
    name: "oidc-provider",
    version: "9.13.3",
    registry: Registry::Npm,
    speaks: Speaks::OpenId,
    start: &["node", "{dir}/server.mjs", "{port}", "{users}"],
    environment: &[("NODE_ENV", "production")],
    ready: "/.well-known/openid-configuration",
    form: None,
    store: "memory",
    unequal: &[
        "A library: users, passwords, pages and a store are the host application's. Ours is `bench/peers/oidc-provider/server.mjs`, which \
         takes every password, so signing in is not measured.",
        "Everything is in memory and gone at the end, in a plain map, since the library's own store throws out all but 1,000 things.",
        "Has no API for users.",
    ],
    offers: &[
        same(Jwks, ""),
        same(Discovery, ""),
        same(ClientCredentials, ""),
        same(Refresh, "Looked up in memory."),
        less(RefreshRotating, "The new token is in memory: nothing is written."),
        less(CodeExchange, "Code and tokens are in memory: nothing is written."),
        less(FlowWithSession, "Code and tokens are in memory: nothing is written."),
        less(UserInfo, "Takes opaque tokens only, and looks them up in memory: there is no signature to check."),
    ],
};

/// What is said of a subject's operation.
pub fn offer(subject: &str, operation: &str) -> Option<&'static Offer> {
    let peer = PEERS.iter().find(|peer| peer.name == subject)?;
    peer.offers.iter().find(|offer| offer.operation.name() == operation)
}
