//! The engine's secrets, opened once at start: the master key ring, what is derived from it, and the stock of fresh
//! signing keys. Built by whoever starts the engine; asked by every floor.
use poolhouse_store::Db;
use poolhouse_store::tables::meta;

use crate::error::{Error, Result};
use crate::keys::entropy::Entropy;
use crate::keys::master::{MasterKeys, Purpose};
use crate::keys::password::{HashCost, PasswordHasher};
use crate::keys::seal::{OpenError, PoolKey};
use crate::keys::secret::{Secret32, SecretBytes, mac32};
use crate::keys::stock::{KeyStock, StockError};
use crate::keys::{CryptoFailure, hex, master::MasterKeyError};
use crate::work::{Work, WorkError};

/// Fresh signing keys kept ready: enough for two pools made one after the other.
const STOCK: usize = 4;
const CANARY: &str = "master_key_canary";

/// Everything derived from the master key ring.
pub struct Keys {
    master: MasterKeys,
    macs: Secret32,
    csrf: Secret32,
    pagination: Secret32,
    pub passwords: std::sync::Arc<PasswordHasher>,
    pub stock: KeyStock,
}

impl Keys {
    pub fn new(master: MasterKeys, cost: HashCost, key_generation: Work) -> Result<Self> {
        Ok(Self {
            macs: master.sub_key(Purpose::Codes)?,
            csrf: master.sub_key(Purpose::Csrf)?,
            pagination: master.sub_key(Purpose::Pagination)?,
            passwords: std::sync::Arc::new(PasswordHasher::new(&master, cost)?),
            stock: KeyStock::new(key_generation, STOCK),
            master,
        })
    }

    /// Proves that this ring is the one the database was written with; a new database is marked with it. A wrong or lost
    /// key refuses to start and changes nothing (checklist 181).
    pub async fn check_canary(&self, store: &Db, entropy: &dyn Entropy) -> Result<()> {
        let mut reader = store.reader().await?;
        let found = meta::get(&mut reader, CANARY).await?;
        drop(reader);
        if let Some(text) = found {
            let record = unhex(&text).ok_or_else(|| Error::internal("the database's key canary is damaged"))?;
            return Ok(self.master.check_canary(&record)?);
        }
        let text = hex(&self.master.canary(entropy)?);
        store.write(async move |tx| meta::put(tx, CANARY, &text).await).await?;
        Ok(())
    }

    pub fn wrap_pool_key(&self, pool_id: &str, key: &PoolKey, entropy: &dyn Entropy) -> Result<Vec<u8>> {
        Ok(self.master.wrap_pool_key(pool_id, key, entropy)?)
    }

    pub fn unwrap_pool_key(&self, pool_id: &str, wrapped: &[u8]) -> Result<PoolKey> {
        Ok(self.master.unwrap_pool_key(pool_id, wrapped)?)
    }

    pub fn wrap_access_key(&self, id: &str, secret: &[u8], entropy: &dyn Entropy) -> Result<Vec<u8>> {
        Ok(self.master.wrap_access_key(id, secret, entropy)?)
    }

    pub fn unwrap_access_key(&self, id: &str, wrapped: &[u8]) -> Result<SecretBytes> {
        Ok(self.master.unwrap_access_key(id, wrapped)?)
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

    /// Keys of the audit trail, the active one first: rows outlive a rotation of the master key.
    pub fn audit(&self) -> Result<Vec<Secret32>> {
        Ok(self.master.sub_keys(Purpose::Audit)?.into_iter().map(|(_, key)| key).collect())
    }

    /// Key of page tokens of lists.
    pub fn pagination(&self) -> &Secret32 {
        &self.pagination
    }
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text.chars().map(|c| c.to_digit(16).and_then(|d| u8::try_from(d).ok())).collect::<Option<_>>()?;
    Some(digits.chunks_exact(2).filter_map(|pair| Some(pair.first()? << 4 | pair.last()?)).collect())
}

impl From<CryptoFailure> for Error {
    fn from(e: CryptoFailure) -> Self {
        Self::internal(e.to_string())
    }
}

impl From<OpenError> for Error {
    fn from(e: OpenError) -> Self {
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
            WorkError::Overloaded => Self::new(poolhouse_wire::ErrorCode::TooManyRequestsException, "Too many requests")
                .because("the queue for cryptographic work is full"),
            WorkError::Broken => Self::internal("a cryptographic job did not finish"),
        }
    }
}
