//! Reading a whole store for damage: everything sealed opens, everything written parses, every name leads to its user.
//! Changes nothing. Called by the `check` command; the running server names a damaged row in the same words when it
//! meets one, and serves the others (checklist 170).
use std::sync::Arc;

use poolhouse_store::tables::{
    access_keys, clients, operator_links, operator_sessions, operators as operators_table, pools as pools_table, sign_in_names,
    signing_keys, users as users_table,
};
use poolhouse_wire::types::UserPoolClientType;

use crate::access_keys::Policy;
use crate::audit::Broken;
use crate::ctx::{Caller, Ctx, Engine};
use crate::error::Error;
use crate::keyring;
use crate::keys::seal::Place;
use crate::operators::{Role, SEED_BYTES};
use crate::pools::{self, Pool};
use crate::tokens::signing;
use crate::users::{User, passwords};

/// Rows read at a time.
const PAGE: i64 = 500;
/// Users between two words of progress.
const TELL_EVERY: usize = 20_000;

/// What a long run says in between.
pub type Say = dyn Fn(&str) + Send + Sync;

/// How much is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// The database's file, and what every pool needs to work: seconds, whatever the number of users.
    Quick,
    /// Users and the audit trail too.
    Whole,
}

/// One run.
struct Check<'a> {
    ctx: Ctx,
    depth: Depth,
    say: &'a Say,
    found: Vec<String>,
}

impl Engine {
    /// What is damaged, one line each: table, key, and what is wrong with it.
    pub async fn check(self: &Arc<Self>, depth: Depth, say: &Say) -> Vec<String> {
        let mut check = Check { ctx: self.ctx(Caller::Operator, None), depth, say, found: Vec::new() };
        say("reading the database's file");
        match self.store.damage().await {
            Ok(lines) => check.found.extend(lines),
            Err(e) => check.found.push(format!("the file: {e}")),
        }
        check.access_keys().await;
        check.operators().await;
        check.pools().await;
        if depth == Depth::Whole {
            check.audit().await;
        }
        check.found
    }
}

/// Reads one page; a page that cannot be read is a finding, and the end of its table.
macro_rules! page {
    ($check:expr, $what:expr, |$tx:ident| $read:expr) => {{
        let read = async {
            let mut reader = $check.ctx.store().reader().await?;
            let $tx: &mut poolhouse_store::Tx = &mut reader;
            $read.await
        };
        let read: Result<Vec<_>, poolhouse_store::Error> = read.await;
        match read {
            Ok(rows) => rows,
            Err(e) => {
                $check.found.push(format!("{}: {e}", $what));
                Vec::new()
            }
        }
    }};
}

impl Check<'_> {
    /// Keeps what is wrong with one row.
    fn row<T>(&mut self, place: &str, result: Result<T, Error>) -> Option<T> {
        result.map_err(|e| self.found.push(format!("{place}: {}", cause(&e)))).ok()
    }

    /// Up to the first row that is not as it was written.
    async fn audit(&mut self) {
        match self.ctx.engine.audit.verify().await {
            Ok(Ok(_)) => {}
            Ok(Err(Broken { chain, seq, why })) => self.found.push(format!("audit_rows ({chain}, {seq}): {why}")),
            Err(e) => self.found.push(format!("audit_rows: {}", cause(&e))),
        }
    }

    async fn access_keys(&mut self) {
        let mut after = String::new();
        loop {
            let page = page!(self, format!("access_keys after {after:?}"), |tx| access_keys::list(tx, &after, PAGE));
            let Some(last) = page.last() else { return };
            after.clone_from(&last.id);
            for row in page {
                let place = format!("access_keys ({})", row.id);
                let opened = self.ctx.engine.keys.unwrap_access_key(&row.id, &row.sealed);
                self.row(&place, opened);
                self.row(&place, parse::<Policy>("policy", &row.policy));
            }
        }
    }

    /// Who may use the console: operators, the links that make them, and sessions that nobody has.
    async fn operators(&mut self) {
        let mut after = String::new();
        loop {
            let page = page!(self, format!("operators after {after:?}"), |tx| operators_table::list(tx, &after, PAGE));
            let Some(last) = page.last() else { break };
            after.clone_from(&last.name);
            for row in page {
                let place = format!("operators ({})", row.name);
                self.row(&place, role(&row.role));
                self.row(&place, self.ctx.engine.keys.passwords.check(&row.password).map_err(Error::from));
                if row.totp_seed.len() != SEED_BYTES {
                    self.found.push(format!("{place}: its seed has {} bytes, not {SEED_BYTES}", row.totp_seed.len()));
                }
            }
        }
        for row in page!(self, "operator_links", |tx| operator_links::list(tx, 0, PAGE)) {
            self.row(&format!("operator_links (made {})", row.created_at), role(&row.role));
        }
        for (operator, sessions) in page!(self, "operator_sessions", |tx| operator_sessions::without_operator(tx, PAGE)) {
            self.found.push(format!("operator_sessions: {sessions} of operator {operator}, who is not there"));
        }
    }

    async fn pools(&mut self) {
        let mut after = String::new();
        loop {
            let page = page!(self, format!("pools after {after:?}"), |tx| pools_table::list_all(tx, &after, PAGE));
            let Some(last) = page.last() else { return };
            after.clone_from(&last.id);
            for row in page {
                let id = row.id.clone();
                let pool = pools::from_row(&self.ctx, row);
                let pool = self.row(&format!("pools ({id})"), pool);
                if let Some(pool) = &pool {
                    self.signing_keys(pool).await;
                    self.clients(pool).await;
                }
                if self.depth == Depth::Whole {
                    self.users(&id, pool.as_ref()).await;
                    self.names(&id).await;
                }
            }
        }
    }

    async fn signing_keys(&mut self, pool: &Pool) {
        let before = self.found.len();
        for row in page!(self, format!("signing_keys of {}", pool.id), |tx| signing_keys::of_pool(tx, &pool.id)) {
            self.row(&format!("signing_keys ({})", row.kid), signing::check(pool, &row));
        }
        let whole = signing::keys(&self.ctx, pool).await;
        // Said once: a key that is missing, not one that was just named.
        if self.found.len() == before {
            self.row(&format!("signing_keys of {}", pool.id), whole);
        }
    }

    async fn clients(&mut self, pool: &Pool) {
        let mut after = String::new();
        loop {
            let what = format!("clients of {} after {after:?}", pool.id);
            let page = page!(self, what, |tx| clients::list(tx, &pool.id, &after, PAGE));
            let Some(last) = page.last() else { return };
            after.clone_from(&last.id);
            for row in page {
                self.row(&format!("clients ({})", row.id), parse::<UserPoolClientType>("document", &row.document));
                let what = format!("client_secrets of {}", row.id);
                for secret in page!(self, what, |tx| clients::list_secrets(tx, &row.id)) {
                    let field = crate::clients::secret_field(&secret.id);
                    let place = Place { pool: &pool.id, row: &row.id, field: &field };
                    let opened = keyring::open(&pool.key, place, &secret.sealed);
                    self.row(&format!("client_secrets ({}, {})", row.id, secret.id), opened);
                }
            }
        }
    }

    async fn users(&mut self, pool_id: &str, pool: Option<&Pool>) {
        let (mut after, mut seen) = (String::new(), 0);
        loop {
            let Some(page) = self.users_page(pool_id, &after).await else { return };
            let Some((last, _)) = page.last() else { return };
            after.clone_from(last);
            let before = seen / TELL_EVERY;
            seen += page.len();
            if seen / TELL_EVERY > before {
                (self.say)(&format!("{pool_id}: {seen} users read"));
            }
            for row in page.into_iter().filter_map(|(_, row)| row) {
                let place = format!("users ({pool_id}, {})", row.sub);
                let checked = check_user(&self.ctx, pool, row);
                self.row(&place, checked);
            }
        }
    }

    /// A page of users by sub. Where one row spoils it, each is read for itself, and the spoilt one is `None`.
    async fn users_page(&mut self, pool_id: &str, after: &str) -> Option<Vec<(String, Option<users_table::UserRow>)>> {
        let mut reader = self.ctx.store().reader().await.ok()?;
        if let Ok(rows) = users_table::list(&mut reader, pool_id, after, PAGE).await {
            return Some(rows.into_iter().map(|row| (row.sub.clone(), Some(row))).collect());
        }
        drop(reader);
        let what = format!("users of {pool_id} after {after:?}");
        let mut rows = Vec::new();
        for sub in page!(self, what, |tx| users_table::list_subs(tx, pool_id, after, PAGE)) {
            let mut reader = self.ctx.store().reader().await.ok()?;
            match users_table::get(&mut reader, pool_id, &sub).await {
                Ok(row) => rows.push((sub, row)),
                Err(e) => {
                    self.found.push(format!("users ({pool_id}, {sub}): {e}"));
                    rows.push((sub, None));
                }
            }
        }
        Some(rows)
    }

    async fn names(&mut self, pool_id: &str) {
        let mut after = String::new();
        loop {
            let what = format!("sign_in_names of {pool_id} after {after:?}");
            let page = page!(self, what, |tx| sign_in_names::list_with_owner(tx, pool_id, &after, PAGE));
            let Some((last, ..)) = page.last() else { return };
            after.clone_from(last);
            for (name, sub, there) in page {
                if !there {
                    self.found.push(format!("sign_in_names ({pool_id}, {name}): there is no user {sub}"));
                }
            }
        }
    }
}

/// Everything in a user's row that is written in a form of ours.
fn check_user(ctx: &Ctx, pool: Option<&Pool>, row: users_table::UserRow) -> Result<(), Error> {
    let user = User::from_row(row)?;
    user.status()?;
    if let Some(record) = &user.row.password_hash {
        ctx.engine.keys.passwords.check(record)?;
    }
    if let Some(pool) = pool {
        passwords::srp_verifier(pool, Some(&user), user.username())?;
    }
    Ok(())
}

fn role(word: &str) -> Result<Role, Error> {
    Role::parse(word).ok_or_else(|| Error::internal(format!("{word:?} is no role")))
}

fn parse<T: serde::de::DeserializeOwned>(what: &str, text: &str) -> Result<T, Error> {
    serde_json::from_str(text).map_err(|e| Error::internal(format!("its {what} does not parse: {e}")))
}

/// The operator's half of an error.
fn cause(error: &Error) -> &str {
    error.detail().map_or_else(|| error.message(), |detail| &detail.cause)
}
