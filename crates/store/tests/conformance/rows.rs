//! Sample rows: small, valid, and telling each other apart by the names given.

use poolhouse_store::tables::{
    access_keys, authorization_codes, browser_sessions, challenge_sessions, clients, codes, domains, groups, messages, pools,
    refresh, resource_servers, sign_in_names, signing_keys, users,
};
use poolhouse_store::{Db, Result, Tx};

pub const NOW: i64 = 1_700_000_000_000;
pub const HOUR: i64 = 3_600_000;

pub fn pool(id: &str) -> pools::PoolRow {
    pools::PoolRow {
        id: id.into(),
        region: "eu-west-1".into(),
        name: "Pool".into(),
        document: "{}".into(),
        version: 1,
        wrapped_key: vec![0, 159, 255],
        created_at: NOW,
        modified_at: NOW,
    }
}

pub fn client(pool_id: &str, id: &str) -> clients::ClientRow {
    clients::ClientRow {
        id: id.into(),
        pool_id: pool_id.into(),
        name: "App".into(),
        document: "{}".into(),
        version: 1,
        created_at: NOW,
        modified_at: NOW,
    }
}

pub fn secret(client_id: &str, id: &str) -> clients::SecretRow {
    clients::SecretRow { client_id: client_id.into(), id: id.into(), sealed: id.as_bytes().to_vec(), created_at: NOW }
}

pub fn domain(region: &str, domain: &str, pool_id: &str, kind: &str) -> domains::DomainRow {
    domains::DomainRow {
        domain: domain.into(),
        region: region.into(),
        pool_id: pool_id.into(),
        kind: kind.into(),
        document: "{}".into(),
        version: 1,
        created_at: NOW,
        modified_at: NOW,
    }
}

pub fn resource_server(pool_id: &str, identifier: &str) -> resource_servers::ResourceServerRow {
    resource_servers::ResourceServerRow {
        pool_id: pool_id.into(),
        identifier: identifier.into(),
        name: "API".into(),
        scopes: "[]".into(),
        created_at: NOW,
        modified_at: NOW,
    }
}

pub fn key(pool_id: &str, kid: &str, purpose: &str, state: &str) -> signing_keys::SigningKeyRow {
    signing_keys::SigningKeyRow {
        kid: kid.into(),
        pool_id: pool_id.into(),
        purpose: purpose.into(),
        state: state.into(),
        sealed: vec![1],
        public_key: vec![1],
        created_at: NOW,
        activate_at: NOW,
        retire_at: None,
    }
}

pub fn user(pool_id: &str, sub: &str) -> users::UserRow {
    users::UserRow {
        pool_id: pool_id.into(),
        sub: sub.into(),
        username: format!("user-{sub}"),
        status: "CONFIRMED".into(),
        enabled: true,
        email: Some(format!("{sub}@example.com")),
        attributes: "{}".into(),
        created_at: NOW,
        modified_at: NOW,
        version: 1,
        ..Default::default()
    }
}

pub fn name(pool_id: &str, name: &str, kind: &str, sub: &str) -> sign_in_names::SignInNameRow {
    sign_in_names::SignInNameRow { pool_id: pool_id.into(), name: name.into(), kind: kind.into(), sub: sub.into() }
}

pub fn group(pool_id: &str, name: &str, precedence: Option<i64>) -> groups::GroupRow {
    groups::GroupRow {
        pool_id: pool_id.into(),
        name: name.into(),
        precedence,
        created_at: NOW,
        modified_at: NOW,
        ..Default::default()
    }
}

pub fn code(pool_id: &str, sub: &str, purpose: &str, mac: &[u8]) -> codes::CodeRow {
    codes::CodeRow {
        pool_id: pool_id.into(),
        sub: sub.into(),
        purpose: purpose.into(),
        mac: mac.into(),
        destination: format!("{sub}@example.com"),
        medium: "EMAIL".into(),
        created_at: NOW,
        expires_at: NOW + HOUR,
        ..Default::default()
    }
}

pub fn challenge(pool_id: &str, hash: &[u8]) -> challenge_sessions::ChallengeSessionRow {
    challenge_sessions::ChallengeSessionRow {
        hash: hash.into(),
        pool_id: pool_id.into(),
        client_id: "c".into(),
        sub: Some("s".into()),
        challenge: "PASSWORD_VERIFIER".into(),
        sealed: vec![7],
        created_at: NOW,
        expires_at: NOW + HOUR,
    }
}

pub fn authorization_code(pool_id: &str, hash: &[u8]) -> authorization_codes::AuthorizationCodeRow {
    authorization_codes::AuthorizationCodeRow {
        hash: hash.into(),
        pool_id: pool_id.into(),
        client_id: "c".into(),
        sub: "s".into(),
        document: "{}".into(),
        origin_jti: "j".into(),
        created_at: NOW,
        expires_at: NOW + HOUR,
        redeemed_at: None,
    }
}

pub fn family(pool_id: &str, origin_jti: &str, client_id: &str, sub: &str) -> refresh::FamilyRow {
    refresh::FamilyRow {
        origin_jti: origin_jti.into(),
        pool_id: pool_id.into(),
        client_id: client_id.into(),
        sub: sub.into(),
        document: "{}".into(),
        issued_at: NOW,
        expires_at: NOW + HOUR,
        revoked_at: None,
    }
}

pub fn token(origin_jti: &str, hash: &[u8]) -> refresh::TokenRow {
    refresh::TokenRow {
        hash: hash.into(),
        origin_jti: origin_jti.into(),
        created_at: NOW,
        expires_at: NOW + HOUR,
        replaced_at: None,
        replaced_until: None,
    }
}

pub fn browser_session(pool_id: &str, hash: &[u8], sub: &str) -> browser_sessions::BrowserSessionRow {
    browser_sessions::BrowserSessionRow {
        hash: hash.into(),
        pool_id: pool_id.into(),
        sub: sub.into(),
        auth_time: NOW,
        created_at: NOW,
        expires_at: NOW + HOUR,
    }
}

pub fn access_key(id: &str) -> access_keys::AccessKeyRow {
    access_keys::AccessKeyRow {
        id: id.into(),
        sealed: vec![3],
        policy: "{}".into(),
        description: "test".into(),
        created_at: NOW,
        last_used_at: None,
    }
}

pub fn message(id: &str, address: &str) -> messages::MessageRow {
    messages::MessageRow {
        id: id.into(),
        pool_id: "p".into(),
        address: address.into(),
        medium: "EMAIL".into(),
        kind: "CustomMessage_SignUp".into(),
        body: "Hello".into(),
        created_at: NOW,
        ..Default::default()
    }
}

/// A pool `p` with the client `c` and the users given.
pub async fn seed(db: &Db, subs: &[&str]) {
    let subs: Vec<String> = subs.iter().map(|&sub| sub.to_owned()).collect();
    let seeded = db.write(async move |tx: &mut Tx| -> Result<()> {
        pools::insert(tx, &pool("p")).await?;
        clients::insert(tx, &client("p", "c")).await?;
        for sub in &subs {
            users::insert(tx, &user("p", sub)).await?;
        }
        Ok(())
    });
    seeded.await.unwrap();
}
