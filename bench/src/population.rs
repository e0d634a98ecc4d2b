//! Fills a pool with users faster than the API could: straight through the store's table functions, thousands to a
//! transaction. Called by the driver before it starts the server on that store; nobody else may have a SQLite file open.

use std::sync::Arc;

use poolhouse_store::tables::sign_in_names::{self, SignInNameRow};
use poolhouse_store::tables::users::{self, UserRow};
use poolhouse_store::{Db, Error, Options, Result, Tx};

/// Users of one transaction. Not more: a large one makes SQLite slow (each statement walks what the savepoint has kept), and
/// its writer puts many small ones into one commit anyway.
const BATCH: usize = 32;
/// Users that are sorted by `sub` before they are cut into transactions, so that neighbours share the pages of an index.
const SORTED: usize = 1 << 16;
/// Transactions at once: PostgreSQL's connections work side by side, SQLite's writer takes them in turn.
const LANES: usize = 16;

const GIVEN: [&str; 24] = [
    "Ada",
    "Alan",
    "Barbara",
    "Claude",
    "Dana",
    "Edsger",
    "Frances",
    "Grace",
    "Hedy",
    "Ivan",
    "Joan",
    "Ken",
    "Leslie",
    "Margaret",
    "Niklaus",
    "Olga",
    "Peter",
    "Radia",
    "Shafi",
    "Tony",
    "Ursula",
    "Vint",
    "Whitfield",
    "Yukihiro",
];
const SYLLABLES: [&str; 16] =
    ["ba", "cor", "den", "el", "far", "gol", "han", "is", "jor", "kal", "lin", "mor", "nes", "ol", "per", "ros"];

/// The address of user `number`, which is its sign-in name where the pool signs in by address.
#[must_use]
pub fn email(number: usize) -> String {
    format!("user-{number:07}@example.com")
}

/// The sub of user `number`: the same in every store, and in no order.
#[must_use]
pub fn sub(number: usize) -> String {
    let number = u64::try_from(number).unwrap_or(u64::MAX);
    let (high, low) = (mixed(number), mixed(!number));
    let bits = (u128::from(high) << 64) | u128::from(low);
    // Version 4, variant 1 (RFC 9562 section 5.4).
    let bits = (bits & !(0xf << 76) & !(0x3 << 62)) | (0x4 << 76) | (0x2 << 62);
    let hex = format!("{bits:032x}");
    let parts: Vec<&str> = [(0, 8), (8, 12), (12, 16), (16, 20), (20, 32)].iter().filter_map(|&(a, b)| hex.get(a..b)).collect();
    parts.join("-")
}

/// A permutation of the 64-bit numbers without visible order (the finalizer of SplitMix64).
fn mixed(number: u64) -> u64 {
    let mut bits = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

/// Gives the pool the users 0 to `count`, all confirmed, with the password of `template`: the sign-in name, as it is
/// stored, of a confirmed user of that pool. Users that are there already are left alone, so that a store can grow.
/// Migrates the store. `progress` is told how many are done.
///
/// # Errors
/// The store's, and [`Error::NoRow`] where there is no template with a password.
pub async fn fill(store_url: &str, pool_id: &str, template: &str, count: usize, progress: impl Fn(usize)) -> Result<()> {
    // A transaction of thousands of rows may keep the others waiting for seconds.
    let patience = std::time::Duration::from_secs(600);
    let options = Options { pool: LANES, wait: patience, statement_timeout: patience, ..Options::default() };
    let db = Db::open(store_url, options).await?;
    let filled = fill_open(&db, pool_id, template, count, progress).await;
    db.close().await;
    filled
}

async fn fill_open(db: &Db, pool_id: &str, template: &str, count: usize, progress: impl Fn(usize)) -> Result<()> {
    let model = Arc::new(Model::read(db, pool_id, template).await?);
    let mut lanes = tokio::task::JoinSet::new();
    let mut done = 0;
    for start in (0..count).step_by(SORTED) {
        let mut numbers: Vec<usize> = (start..count.min(start + SORTED)).collect();
        numbers.sort_by_cached_key(|&number| sub(number));
        for batch in numbers.chunks(BATCH) {
            if lanes.len() == LANES {
                done += joined(lanes.join_next().await)?;
            }
            let (db, model, batch) = (db.clone(), Arc::clone(&model), batch.to_vec());
            lanes.spawn(async move {
                db.write(async move |tx: &mut Tx| -> Result<usize> {
                    for &number in &batch {
                        model.insert(tx, number).await?;
                    }
                    Ok(batch.len())
                })
                .await
            });
        }
        progress(done);
    }
    while let Some(lane) = lanes.join_next().await {
        done += joined(Some(lane))?;
    }
    progress(done);
    Ok(())
}

fn joined(lane: Option<std::result::Result<Result<usize>, tokio::task::JoinError>>) -> Result<usize> {
    match lane {
        None => Ok(0),
        Some(Ok(made)) => made,
        Some(Err(error)) => Err(Error::Db(error.to_string())),
    }
}

/// What all the users have in common.
struct Model {
    row: UserRow,
    /// Whether the pool calls its users by their sub, and by which kinds of name they sign in.
    by_sub: bool,
    kinds: Vec<String>,
}

impl Model {
    async fn read(db: &Db, pool_id: &str, template: &str) -> Result<Self> {
        let mut reader = db.reader().await?;
        let row = users::by_sign_in_name(&mut reader, pool_id, template).await?;
        let row = row.filter(|row| row.password_hash.is_some()).ok_or(Error::NoRow)?;
        let names = sign_in_names::of_user(&mut reader, pool_id, &row.sub).await?;
        let mut kinds: Vec<String> = names.into_iter().map(|name| name.kind).collect();
        kinds.dedup();
        Ok(Self { by_sub: row.username == row.sub, row, kinds })
    }

    async fn insert(&self, tx: &mut Tx, number: usize) -> Result<()> {
        let row = self.row(number);
        if users::get(tx, &row.pool_id, &row.sub).await?.is_some() {
            return Ok(());
        }
        users::insert(tx, &row).await?;
        for kind in &self.kinds {
            let name = match kind.as_str() {
                "email" => row.email.clone(),
                "phone_number" => row.phone_number.clone(),
                "preferred_username" => row.preferred_username.clone(),
                _ => Some(row.username.clone()),
            };
            let claim = SignInNameRow {
                pool_id: row.pool_id.clone(),
                name: name.unwrap_or_default(),
                kind: kind.clone(),
                sub: row.sub.clone(),
            };
            if !sign_in_names::claim(tx, &claim).await? {
                return Err(Error::Unique(format!("sign_in_names: {}", claim.name)));
            }
        }
        Ok(())
    }

    fn row(&self, number: usize) -> UserRow {
        let (sub, email) = (sub(number), email(number));
        let random = usize::try_from(mixed(u64::try_from(number).unwrap_or(0)) >> 32).unwrap_or(0);
        let pick = |list: &'static [&'static str], at: usize| list.get(at % list.len()).copied().unwrap_or_default();
        let given = pick(&GIVEN, random).to_owned();
        let mut family = [random / 24, random / 384, random / 6144].map(|at| pick(&SYLLABLES, at)).concat();
        if let Some(first) = family.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        let (name, phone, preferred) = (format!("{given} {family}"), format!("+1555{number:07}"), format!("member{number:07}"));
        // Keys in the order in which the engine writes them, the alphabet's; nothing in the values needs escaping.
        let attributes = format!(
            r#"{{"email":"{email}","email_verified":"true","family_name":"{family}","given_name":"{given}","name":"{name}","phone_number":"{phone}","phone_number_verified":"true","preferred_username":"{preferred}"}}"#
        );
        UserRow {
            username: if self.by_sub { sub.clone() } else { email.clone() },
            sub,
            email: Some(email),
            phone_number: Some(phone),
            name: Some(name),
            given_name: Some(given),
            family_name: Some(family),
            preferred_username: Some(preferred),
            attributes,
            // Bound to its row, unlike the hash: SRP makes its own at the first sign-in with the password.
            srp_sealed: None,
            temporary_expires_at: None,
            signed_out_at: 0,
            version: 1,
            ..self.row.clone()
        }
    }
}
