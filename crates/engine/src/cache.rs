//! Parsed configuration, kept by version. A look-up always asks the database first, for the row's version or whether anything was
//! committed at all since it last asked, so that what another process changed is seen at once; the cache saves the parsing and
//! unsealing, never the question (checklist 157). It knows no type it keeps: each floor keeps its own.
use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use poolhouse_store::Stamp;

/// Entries kept before all are dropped: a bound, not a policy.
const ENTRIES_MAX: usize = 8192;

type Kept = HashMap<TypeId, HashMap<String, Entry>>;

struct Entry {
    version: i64,
    /// A state of the database in which this version was the newest.
    stands_in: Option<Stamp>,
    value: Arc<dyn Any + Send + Sync>,
}

/// Values by type, id and version.
#[derive(Default)]
pub struct Cache(Mutex<Kept>);

impl Cache {
    /// The value of this type and id, if the database is as it was when the value was last found to [stand](Self::stands), or was
    /// [put](Self::put_current).
    pub fn current<T: Send + Sync + 'static>(&self, id: &str, now: Option<Stamp>) -> Option<Arc<T>> {
        let now = Some(now?);
        self.find(id, |entry| entry.stands_in == now)
    }

    /// The value of this type and id, if it is of this version.
    pub fn get<T: Send + Sync + 'static>(&self, id: &str, version: i64) -> Option<Arc<T>> {
        self.find(id, |entry| entry.version == version)
    }

    fn find<T: Send + Sync + 'static>(&self, id: &str, counts: impl FnOnce(&Entry) -> bool) -> Option<Arc<T>> {
        let map = self.lock();
        let entry = map.get(&TypeId::of::<T>())?.get(id).filter(|entry| counts(entry))?;
        Arc::clone(&entry.value).downcast().ok()
    }

    /// Keeps a value in place of the one of another version.
    pub fn put<T: Send + Sync + 'static>(&self, id: &str, version: i64, value: T) -> Arc<T> {
        self.put_of(id, version, None, value)
    }

    /// Keeps a value that was read from the database after it was in the state `before`. For what has no version of its own, and
    /// therefore counts only as long as nothing is committed.
    pub fn put_current<T: Send + Sync + 'static>(&self, id: &str, before: Option<Stamp>, value: impl Into<Arc<T>>) -> Arc<T> {
        self.put_of(id, 0, before, value)
    }

    fn put_of<T: Send + Sync + 'static>(
        &self,
        id: &str,
        version: i64,
        stands_in: Option<Stamp>,
        value: impl Into<Arc<T>>,
    ) -> Arc<T> {
        let value = value.into();
        let mut map = self.lock();
        let kept = map.entry(TypeId::of::<T>()).or_default();
        if kept.len() >= ENTRIES_MAX {
            kept.clear();
        }
        kept.insert(id.to_owned(), Entry { version, stands_in, value: Arc::clone(&value) as Arc<dyn Any + Send + Sync> });
        value
    }

    /// Notes that this version was read from the database, which was asked for its state *before*.
    pub fn stands<T: 'static>(&self, id: &str, version: i64, before: Option<Stamp>) {
        let mut map = self.lock();
        if let Some(entry) =
            map.get_mut(&TypeId::of::<T>()).and_then(|kept| kept.get_mut(id)).filter(|entry| entry.version == version)
        {
            entry.stands_in = before;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
