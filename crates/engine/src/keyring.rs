//! The engine's secrets, opened once at start: the master key ring, the installation's own key and what is derived from
//! either, and the stock of fresh signing keys. Built by whoever starts the engine; asked by every floor.
use poolhouse_store::tables::meta;
use poolhouse_store::{Db, Unmigrated};

use crate::error::{Error, Result};
use crate::keys::entropy::Entropy;
use crate::keys::house::{self, HouseKey};
use crate::keys::master::{MasterKeys, Wrapped};
use crate::keys::password::{HashCost, PasswordHasher};
use crate::keys::seal::{self, Place, PoolKey};
use crate::keys::secret::{Secret32, SecretBytes, mac32};
use crate::keys::stock::{KeyStock, StockError};
use crate::keys::{CryptoFailure, hex, master::MasterKeyError};
use crate::work::WorkError;

/// Fresh signing keys kept ready: enough for two pools made one after the other.
pub const STOCK: usize = 4;
const CANARY: &str = "master_key_canary";
const HOUSE_KEY: &str = "house_key";

/// What the database's `meta` keeps under the master key, in hexadecimal. The canary first: once it is re-wrapped, no
/// process without the new key starts any more.
pub const WRAPPED_META: [(&str, Wrapped<'static>); 2] = [(CANARY, Wrapped::Canary), (HOUSE_KEY, Wrapped::HouseKey)];

/// The opened secrets.
pub struct Keys {
    pub master: MasterKeys,
    macs: Secret32,
    csrf: Secret32,
    pagination: Secret32,
    audit: Secret32,
    pub passwords: std::sync::Arc<PasswordHasher>,
    pub stock: KeyStock,
}

impl Keys {
    /// Proves that the ring is the one the database was written with, and opens the rest.
    pub async fn open(master: MasterKeys, cost: HashCost, stock: KeyStock, store: &Db, entropy: &dyn Entropy) -> Result<Self> {
        check_canary(&master, store, entropy).await?;
        let house = house_key(&master, store, entropy).await?;
        Ok(Self {
            macs: house.sub_key(house::Purpose::Codes)?,
            csrf: house.sub_key(house::Purpose::Csrf)?,
            pagination: house.sub_key(house::Purpose::Pagination)?,
            audit: house.sub_key(house::Purpose::Audit)?,
            passwords: std::sync::Arc::new(PasswordHasher::new(&master, cost)?),
            stock,
            master,
        })
    }

    pub fn wrap_pool_key(&self, pool_id: &str, key: &PoolKey, entropy: &dyn Entropy) -> Result<Vec<u8>> {
        Ok(self.master.wrap_pool_key(pool_id, key, entropy)?)
    }

    pub fn unwrap_pool_key(&self, pool_id: &str, wrapped: &[u8]) -> Result<PoolKey> {
        let key = self.master.unwrap_pool_key(pool_id, wrapped);
        key.map_err(|e| Error::internal(format!("pool {pool_id}: its key does not open: {e}")))
    }

    pub fn wrap_access_key(&self, id: &str, secret: &[u8], entropy: &dyn Entropy) -> Result<Vec<u8>> {
        Ok(self.master.wrap(Wrapped::AccessKey(id), secret, entropy)?)
    }

    pub fn unwrap_access_key(&self, id: &str, wrapped: &[u8]) -> Result<SecretBytes> {
        let secret = self.master.unwrap(Wrapped::AccessKey(id), wrapped);
        secret.map_err(|e| Error::internal(format!("access key {id}: its secret does not open: {e}")))
    }

    /// A MAC over labelled parts: for what is low in entropy or must be recomputable (codes, sessions, simulated users).
    pub fn mac(&self, label: &str, parts: &[&[u8]]) -> [u8; 32] {
        let mut all = vec![label.as_bytes()];
        all.extend_from_slice(parts);
        mac32(&self.macs, &all)
    }

    /// A stable name for something whose real name must not be stored, such as an unknown user's.
    pub fn pseudonym(&self, label: &str, parts: &[&[u8]]) -> String {
        hex(&self.mac(label, parts)).chars().take(32).collect()
    }

    /// Key of the pages' double-submit tokens.
    pub fn csrf(&self) -> &Secret32 {
        &self.csrf
    }

    /// Key of the audit trail.
    pub fn audit(&self) -> &Secret32 {
        &self.audit
    }

    /// Key of page tokens of lists.
    pub fn pagination(&self) -> &Secret32 {
        &self.pagination
    }
}

/// Opens a field sealed under a pool's key. Where it does not, the operator is told whose it is (checklist 170).
pub fn open(key: &PoolKey, place: Place<'_>, sealed: &[u8]) -> Result<SecretBytes> {
    let Place { pool, row, field } = place;
    seal::open(key, place, sealed).map_err(|e| Error::internal(format!("pool {pool}: {field} of {row}: {e}")))
}

/// Proves that this ring is the one a database was written with, before anything in it is changed: a wrong or lost key
/// refuses to start and leaves everything as it was, the schema too (checklist 181). False: no ring has marked it yet.
pub async fn prove(master: &MasterKeys, store: &mut Unmigrated) -> Result<bool> {
    let Some(text) = store.meta(CANARY).await? else { return Ok(false) };
    master.check_canary(&unhex(&text).ok_or_else(|| damaged(CANARY))?)?;
    Ok(true)
}

/// A new database is marked with its ring; of several nodes that start on it at once the first one's counts.
async fn check_canary(master: &MasterKeys, store: &Db, entropy: &dyn Entropy) -> Result<()> {
    let fresh = move || Ok(master.canary(entropy)?);
    Ok(master.check_canary(&find_or_put(store, CANARY, fresh).await?)?)
}

async fn house_key(master: &MasterKeys, store: &Db, entropy: &dyn Entropy) -> Result<HouseKey> {
    let fresh = move || Ok(master.wrap(Wrapped::HouseKey, HouseKey::generate(entropy).expose(), entropy)?);
    let wrapped = find_or_put(store, HOUSE_KEY, fresh).await?;
    let plain = master.unwrap(Wrapped::HouseKey, &wrapped)?;
    HouseKey::from_slice(plain.expose()).ok_or_else(|| damaged(HOUSE_KEY))
}

/// What `meta` keeps under this name; where nothing is, `fresh`, or what another node was first with.
async fn find_or_put(store: &Db, name: &str, fresh: impl FnOnce() -> Result<Vec<u8>>) -> Result<Vec<u8>> {
    if let Some(found) = stored(store, name).await? {
        return Ok(found);
    }
    let (key, text) = (name.to_owned(), hex(&fresh()?));
    store.write(async move |tx| meta::insert_if_absent(tx, &key, &text).await).await?;
    stored(store, name).await?.ok_or_else(|| damaged(name))
}

async fn stored(store: &Db, name: &str) -> Result<Option<Vec<u8>>> {
    let mut reader = store.reader().await?;
    let text = meta::get(&mut reader, name).await?;
    text.map(|text| unhex(&text).ok_or_else(|| damaged(name))).transpose()
}

fn damaged(name: &str) -> Error {
    Error::internal(format!("the database's record {name} is damaged"))
}

/// The bytes of [`hex`].
pub fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text.chars().map(|c| c.to_digit(16).and_then(|d| u8::try_from(d).ok())).collect::<Option<_>>()?;
    Some(digits.chunks_exact(2).filter_map(|pair| Some(pair.first()? << 4 | pair.last()?)).collect())
}

impl From<CryptoFailure> for Error {
    fn from(e: CryptoFailure) -> Self {
        Self::internal(e.to_string())
    }
}

impl From<MasterKeyError> for Error {
    fn from(e: MasterKeyError) -> Self {
        Self::internal(e.to_string())
    }
}

impl From<StockError> for Error {
    fn from(e: StockError) -> Self {
        match e {
            StockError::Work(e) => e.into(),
            StockError::Crypto(e) => e.into(),
        }
    }
}

impl From<WorkError> for Error {
    fn from(e: WorkError) -> Self {
        match e {
            WorkError::Overloaded => Self::overloaded("the queue for cryptographic work is full"),
            WorkError::Broken => Self::internal("a cryptographic job did not finish"),
        }
    }
}
