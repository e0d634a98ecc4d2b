//! What the report calls things, in which order, and the limits it holds them against. Called by every other part of it.

/// An operation as the results name it, as the page names it, and its limit.
pub struct Operation {
    pub id: &'static str,
    pub title: &'static str,
    pub limit: Limit,
}

/// What the project set itself as a goal.
#[derive(Clone, Copy, PartialEq)]
pub enum Limit {
    /// CPU over its floor.
    OverFloor(f64),
    /// CPU in milliseconds.
    Milliseconds(f64),
    Unset,
}

impl Limit {
    pub fn words(self) -> String {
        match self {
            Limit::OverFloor(times) => format!("≤ {times} × floor"),
            Limit::Milliseconds(ms) => format!("≤ {ms} ms"),
            Limit::Unset => "–".to_owned(),
        }
    }

    /// Whether `cpu_ms` over `floor_ms` is within; `None` where there is no limit, or no floor to hold it against.
    pub fn met(self, cpu_ms: f64, floor_ms: f64) -> Option<bool> {
        match self {
            Limit::OverFloor(times) => (floor_ms > 0.0).then(|| cpu_ms <= times * floor_ms),
            Limit::Milliseconds(ms) => Some(cpu_ms <= ms),
            Limit::Unset => None,
        }
    }
}

const fn operation(id: &'static str, title: &'static str, limit: Limit) -> Operation {
    Operation { id, title, limit }
}

/// In the order of the page.
pub const OPERATIONS: &[Operation] = &[
    operation("jwks", "JWKS", Limit::OverFloor(1.5)),
    operation("discovery", "Discovery", Limit::OverFloor(1.5)),
    operation("client_credentials", "Client credentials", Limit::OverFloor(1.15)),
    operation("refresh", "Refresh", Limit::OverFloor(1.2)),
    operation("refresh_rotating", "Refresh with rotation", Limit::OverFloor(1.2)),
    operation("code_exchange", "Code exchange", Limit::OverFloor(1.3)),
    operation("flow", "Code flow with sign-in", Limit::Unset),
    operation("flow_session", "Code flow, session there", Limit::Unset),
    operation("password", "Password sign-in", Limit::OverFloor(1.1)),
    operation("srp", "SRP sign-in", Limit::OverFloor(1.25)),
    operation("get_user", "GetUser", Limit::Milliseconds(0.03)),
    operation("user_info", "userInfo", Limit::Milliseconds(0.03)),
    operation("admin_create_user", "AdminCreateUser", Limit::Unset),
    operation("sign_up", "SignUp", Limit::Unset),
    operation("list_users", "ListUsers", Limit::Unset),
    operation("list_users_filtered", "ListUsers, filtered", Limit::Unset),
];

/// Where an operation stands on the page; one that the page does not know comes last.
pub fn place(id: &str) -> usize {
    OPERATIONS.iter().position(|operation| operation.id == id).unwrap_or(OPERATIONS.len())
}

pub fn title(id: &str) -> &str {
    OPERATIONS.get(place(id)).map_or(id, |operation| operation.title)
}

pub fn limit(id: &str) -> Limit {
    OPERATIONS.get(place(id)).map_or(Limit::Unset, |operation| operation.limit)
}

/// A store as the results name it.
pub fn store(id: &str) -> &str {
    match id {
        "sqlite" => "SQLite",
        "sqlite-normal" => "SQLite, synchronous=NORMAL",
        "postgres" => "PostgreSQL",
        "postgres-2" => "PostgreSQL, two processes",
        "memory" => "memory",
        "file" => "one file",
        other => other,
    }
}

/// `1 k`, `100 k`, `1 M`.
pub fn users(count: u64) -> String {
    match count {
        1_000_000.. if count.is_multiple_of(1_000_000) => format!("{} M", count / 1_000_000),
        1_000.. if count.is_multiple_of(1_000) => format!("{} k", count / 1_000),
        _ => count.to_string(),
    }
}
