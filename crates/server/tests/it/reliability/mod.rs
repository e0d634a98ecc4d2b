//! Faults: what a client sees while something is broken, and what is true afterwards. Two nodes are two whole instances on
//! one PostgreSQL that share nothing else.

mod clock;
mod database;
mod disk;
mod kill;
mod overload;
mod skew;
mod two_nodes;

use poolhouse_store::testkit::{self, Scratch};

use crate::harness::{House, Options, Store};

/// Two nodes on a database of their own.
pub async fn two_nodes() -> (House, House) {
    let url = testkit::postgres().await.unwrap();
    let node = |seed| Options {
        store: Store::Postgres,
        seed,
        public_url: Some("http://localhost:9229".to_owned()),
        ..Options::default()
    };
    let (one, other) =
        tokio::join!(House::on(node(1), Scratch::new().unwrap(), url.clone()), House::on(node(2), Scratch::new().unwrap(), url),);
    (one, other)
}
