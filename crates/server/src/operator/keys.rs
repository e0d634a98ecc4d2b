//! `poolhouse access-key …`, `signing-key …` and `master-key …`: from the command to the engine, and back to sentences that say
//! what happened, what happens next and when. Called by the assembly.

use std::sync::Arc;

use poolhouse_engine::access_keys::{self, Policy};
use poolhouse_engine::check::Say;
use poolhouse_engine::ctx::{Caller, Engine};
use poolhouse_engine::keys::entropy::OsEntropy;
use poolhouse_engine::keys::master::{self, MasterKeyError, MasterKeys};
use poolhouse_engine::rewrap::{self, Needs, Status};
use poolhouse_engine::tokens::rotation::{self, Begun, KEPT_MS, KeyFacts, KeyState, Revoked};

use super::commands::{AccessKeyCommand, MasterKeyCommand, MasterKeyFileCommand, SigningKeyCommand};
use crate::opening::{create_master_keys, failed, told};
use crate::start_error::StartError;

const HOUR_MS: i64 = 3_600_000;

pub async fn access_key(engine: &Arc<Engine>, command: &AccessKeyCommand) -> Result<String, StartError> {
    let ctx = engine.ctx(Caller::Operator, None);
    match command {
        AccessKeyCommand::Create { name, allow, pool } => {
            let policy = Policy::new(allow, pool).map_err(StartError::Failed)?;
            engine.is_understood().await.map_err(failed)?;
            let (key, secret) = access_keys::create(&ctx, name, policy).await.map_err(failed)?;
            let secret = secret.expose_str().unwrap_or_default();
            Ok(format!(
                "AWS_ACCESS_KEY_ID={}\nAWS_SECRET_ACCESS_KEY={secret}\n\nThe secret is shown this once. The key may call: {}; on: {}.\n",
                key.id,
                listed(&key.policy.operations),
                listed(&key.policy.pools)
            ))
        }
        AccessKeyCommand::List => {
            let keys = access_keys::list(&ctx).await.map_err(failed)?;
            let mut text = String::new();
            for key in &keys {
                let used = key.last_used_at.map_or_else(|| "never".to_owned(), day);
                let (operations, pools) = (listed(&key.policy.operations), listed(&key.policy.pools));
                text.push_str(&format!(
                    "{}  {}  calls {operations} on {pools}  made {}  used {used}\n",
                    key.id,
                    key.name,
                    day(key.created_at)
                ));
            }
            Ok(if text.is_empty() { "There is no access key.\n".to_owned() } else { text })
        }
        AccessKeyCommand::Delete { id } => match access_keys::delete(&ctx, id).await.map_err(failed)? {
            true => Ok(format!("{id} is deleted.\n")),
            false => Err(StartError::Failed(format!("There is no access key {id}."))),
        },
    }
}

fn listed(names: &[String]) -> String {
    if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
}

pub async fn signing_key(engine: &Arc<Engine>, command: &SigningKeyCommand) -> Result<String, StartError> {
    let ctx = engine.ctx(Caller::Operator, None);
    ctx.concerns_pool(command.pool());
    let (pool, told) = match command {
        SigningKeyCommand::List { pool } => (pool, String::new()),
        SigningKeyCommand::Rotate { pool, now: true, .. } => {
            ctx.change("RotateSigningKeys", rotation::now(&ctx, pool)).await.map_err(failed)?;
            let told = "New keys are published and sign from now on. Whoever keeps a copy of the JWKS refuses new tokens until it \
                        fetches again: for up to an hour, or longer where it does not heed max-age.\n\n";
            (pool, told.to_owned())
        }
        SigningKeyCommand::Rotate { pool, wait_hours, .. } => {
            let beginning = rotation::begin(&ctx, pool, i64::from(*wait_hours) * HOUR_MS);
            let told = match ctx.change("RotateSigningKeys", beginning).await.map_err(failed)? {
                Begun::Published(at) => format!(
                    "New keys are in the JWKS as of now, and sign from {}. Until then nothing changes; the keys that sign today \
                     stay in the JWKS for {} hours after it. Nothing else is to be done.\n\n",
                    day(at),
                    KEPT_MS / HOUR_MS
                ),
                Begun::UnderWay(at) => format!(
                    "A rotation is under way already: its keys sign from {}. Nothing was changed; --now makes them sign at once.\n\n",
                    day(at)
                ),
            };
            (pool, told)
        }
        SigningKeyCommand::Revoke { pool, kid } => {
            ctx.concerns("KeyId", kid);
            (pool, revoked(ctx.change("RevokeSigningKey", rotation::revoke(&ctx, pool, kid)).await.map_err(failed)?, kid)?)
        }
    };
    let keys = rotation::list(&ctx, pool).await.map_err(failed)?;
    Ok(told + &keys.iter().map(line).collect::<String>())
}

fn revoked(revoked: Revoked, kid: &str) -> Result<String, StartError> {
    let elsewhere = "Tokens it signed are refused here from now on; elsewhere, once the JWKS is fetched again: for up to an hour, \
                     or longer where max-age is not heeded.";
    match revoked {
        Revoked::Idle => Ok(format!("{kid} has left the JWKS. It did not sign. {elsewhere}\n\n")),
        Revoked::ByNext => Ok(format!("{kid} has left the JWKS, and the next key signs in its place. {elsewhere}\n\n")),
        Revoked::ByUnseen => Ok(format!(
            "{kid} has left the JWKS, and a new key signs in its place, which nobody has seen yet: whoever keeps a copy of the \
             JWKS refuses new tokens until it fetches again. {elsewhere}\n\n"
        )),
        Revoked::Unknown => Err(StartError::Failed(format!("The pool has no key {kid}."))),
    }
}

fn line(key: &KeyFacts) -> String {
    let state = match key.state {
        KeyState::Active(since) => format!("signs, since {}", day(since)),
        KeyState::Next(from) => format!("published, signs from {}", day(from)),
        KeyState::Retired(until) => format!("retired, leaves the JWKS at {}", day(until)),
    };
    format!("{}  {:<6}  {state}  made {}\n", key.kid, key.purpose, day(key.created_at))
}

pub fn master_key_file(command: &MasterKeyFileCommand) -> Result<String, StartError> {
    match command {
        MasterKeyFileCommand::Create { file } => {
            create_master_keys(file)?;
            Ok(format!(
                "Master key written to {0}\nKeep a copy away from the database's backups. In the configuration:\n    \
                 [keys]\n    master_key_file = \"{0}\"",
                file.display()
            ))
        }
        MasterKeyFileCommand::Add { file, standby } => {
            let id = master::new_id(&OsEntropy);
            let ring = told(
                file,
                MasterKeys::change_file(file, |ring| match standby {
                    true => ring.with_standby(&id, &OsEntropy),
                    false => ring.rotated(&id, &OsEntropy),
                }),
            )?;
            let copy = "Renew your copy of the file: data and backups made from now on may need the new key.";
            let file = file.display();
            Ok(match standby {
                true => format!(
                    "Master key {id} stands by in {file}; {} stays active\n{copy}\nNext, once every node has this file and has been \
                     restarted:\n    poolhouse master-key activate {file} {id}",
                    ring.active_id()
                ),
                false => format!(
                    "Master key {id} is added to {file} and active\n{copy}\nNext, restart the server, then:\n    \
                     poolhouse master-key rewrap --config FILE\nSeveral nodes: a node that lacks the key cannot read what another \
                     writes with it; see --standby."
                ),
            })
        }
        MasterKeyFileCommand::Activate { file, key_id } => {
            told(file, MasterKeys::change_file(file, |ring| ring.activated(key_id)))?;
            Ok(format!(
                "Master key {key_id} is active in {}\nNext, on every node the same, and restart one after the other; then once:\n    \
                 poolhouse master-key rewrap --config FILE",
                file.display()
            ))
        }
    }
}

pub async fn master_key(engine: &Arc<Engine>, command: &MasterKeyCommand, tell: &Say) -> Result<String, StartError> {
    match command {
        MasterKeyCommand::Status => Ok(table(&rewrap::status(engine).await.map_err(failed)?)),
        MasterKeyCommand::Rewrap => {
            let moved = rewrap::rewrap(engine, &|moved| tell(&format!("{moved} moved"))).await.map_err(failed)?;
            let status = rewrap::status(engine).await.map_err(failed)?;
            Ok(format!("{moved} moved to master key {}; {}\n\n{}", status.active, left(&status), table(&status)))
        }
        MasterKeyCommand::Remove { file, key_id } => {
            if let Err(reasons) = rewrap::may_go(engine, key_id).await.map_err(failed)? {
                return Err(StartError::Failed(format!("Master key {key_id} is still needed: {reasons}.")));
            }
            let active = engine.keys.master.active_id();
            told(
                file,
                MasterKeys::change_file(file, |ring| match ring.active_id() == active {
                    true => ring.without(key_id),
                    // Not the ring that was just looked at: it may be another house's.
                    false => Err(MasterKeyError::WrongKey),
                }),
            )?;
            Ok(format!(
                "Master key {key_id} is out of {}, and nothing in the database needs it\nBackups made before still do: keep the old \
                 file with them. Restart the server, so that it forgets the key.\n",
                file.display()
            ))
        }
    }
}

fn left(status: &Status) -> String {
    let old = || status.keys.iter().filter(|(id, _)| **id != status.active);
    let passwords: u64 = old().map(|(_, needs)| needs.passwords).sum();
    let wrapped: u64 = old().map(|(_, needs)| needs.wrapped()).sum();
    let keys = |what: &str| format!("{what} still need an older key");
    match (wrapped, passwords) {
        (0, 0) => "no older key is needed any more: `poolhouse master-key remove`.".to_owned(),
        (0, passwords) => {
            format!(
                "{}: each is made anew when its user next signs in by password.",
                keys(&format!("{passwords} password records"))
            )
        }
        (wrapped, _) => format!("{}: they were changed meanwhile. Run it again.", keys(&format!("{wrapped} rows"))),
    }
}

fn table(status: &Status) -> String {
    let mut text = String::from("key id                            pools  access keys  house  passwords\n");
    for (id, needs) in &status.keys {
        let Needs { pool_keys, access_keys, house, passwords } = needs;
        let mark = if *id == status.active {
            "  active"
        } else if needs.nothing() {
            "  not needed"
        } else {
            ""
        };
        text.push_str(&format!("{id:<32}  {pool_keys:>5}  {access_keys:>11}  {house:>5}  {passwords:>9}{mark}\n"));
    }
    for node in &status.nodes {
        let ring = node.ring.join(", ");
        text.push_str(&format!(
            "node {}: holds {ring}; makes new things with {}; seen {}\n",
            node.id,
            node.active(),
            day(node.seen_at)
        ));
    }
    text
}

/// For operators, to the minute.
pub fn day(at: i64) -> String {
    jiff::Timestamp::from_millisecond(at).unwrap_or_default().strftime("%Y-%m-%d %H:%M UTC").to_string()
}
