//! Parsed configuration, kept by version. A look-up always reads the row's version first, so that what another process
//! changed is seen at once; the cache saves the parsing and unsealing, never the question (checklist 157). It knows no
//! type it keeps: each floor keeps its own.
use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Entries kept before all are dropped: a bound, not a policy.
const ENTRIES_MAX: usize = 8192;

type Entry = (i64, Arc<dyn Any + Send + Sync>);

/// Values by type, id and version.
#[derive(Default)]
pub struct Cache(Mutex<HashMap<TypeId, HashMap<String, Entry>>>);

impl Cache {
    /// The value of this type and id, if it is of this version.
    pub fn get<T: Send + Sync + 'static>(&self, id: &str, version: i64) -> Option<Arc<T>> {
        let map = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (found, value) = map.get(&TypeId::of::<T>())?.get(id)?;
        if *found != version {
            return None;
        }
        Arc::clone(value).downcast().ok()
    }

    /// Keeps a value in place of the one of another version.
    pub fn put<T: Send + Sync + 'static>(&self, id: &str, version: i64, value: T) -> Arc<T> {
        let value = Arc::new(value);
        let mut map = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = map.entry(TypeId::of::<T>()).or_default();
        if kept.len() >= ENTRIES_MAX {
            kept.clear();
        }
        kept.insert(id.to_owned(), (version, Arc::clone(&value) as Arc<dyn Any + Send + Sync>));
        value
    }
}
