//! Limits on guessing secrets (password spraying and stuffing, checklist 77): wrong passwords, codes and client secrets
//! by the address they come from, by app client and by pool. Only wrong ones count, so that an office behind one address
//! signs in as it likes. Asked by `clients::guessing`, which knows what is compared where.
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};

use super::bucket::{Buckets, Empty, Rate};

/// Wrong secrets a minute; after a pause as many at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rates {
    /// From one IPv4 address, or one /64 of IPv6: what one household has.
    pub per_address: u32,
    /// The last brake, for guesses from many addresses. It stops everybody's sign-ins at that client, and so stands well
    /// above what people mistype.
    pub per_client: u32,
    pub per_pool: u32,
}

impl Default for Rates {
    fn default() -> Self {
        Self { per_address: 30, per_client: 1000, per_pool: 3000 }
    }
}

/// What a guess is counted under.
#[derive(Debug, Clone, Default)]
pub struct Keys {
    pub address: Option<IpAddr>,
    pub client: Option<String>,
    pub pool: Option<String>,
}

/// The limits of one process.
pub struct Guesses {
    addresses: Buckets,
    clients: Buckets,
    pools: Buckets,
    refused: AtomicU64,
}

impl Guesses {
    pub fn new(rates: &Rates) -> Self {
        let of = |count| Buckets::new(Rate::per_minute(count));
        Self {
            addresses: of(rates.per_address),
            clients: of(rates.per_client),
            pools: of(rates.per_pool),
            refused: AtomicU64::new(0),
        }
    }

    /// Whether one more secret may be compared. Takes nothing: [`Guesses::wrong`] does, so that as many honest people may
    /// sign in at one moment as the machine can take.
    ///
    /// # Errors
    /// [`Empty`], and which limit it is.
    pub fn look(&self, keys: &Keys, now: i64) -> Result<(), (&'static str, Empty)> {
        let looked = self.each(keys).try_for_each(|(name, buckets, key)| buckets.look(key, now).map_err(|e| (name, e)));
        if looked.is_err() {
            self.refused.fetch_add(1, Ordering::Relaxed);
        }
        looked
    }

    /// One more was wrong.
    pub fn wrong(&self, keys: &Keys, now: i64) {
        self.each(keys).for_each(|(_, buckets, key)| buckets.charge(key, now));
    }

    /// How often [`Guesses::look`] has refused.
    pub fn refusals(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    fn each<'a>(&'a self, keys: &'a Keys) -> impl Iterator<Item = (&'static str, &'a Buckets, Key<'a>)> {
        let address = keys.address.map(|address| ("address", &self.addresses, Key::Network(network(address))));
        let client = keys.client.as_deref().map(|id| ("app client", &self.clients, Key::Name(id)));
        let pool = keys.pool.as_deref().map(|id| ("pool", &self.pools, Key::Name(id)));
        [address, client, pool].into_iter().flatten()
    }
}

#[derive(Hash)]
enum Key<'a> {
    Network(u128),
    Name(&'a str),
}

/// An IPv4 address, or the /64 of an IPv6 one: within it, a caller picks addresses at will.
fn network(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().to_bits(),
        IpAddr::V6(v6) => v6.to_ipv4_mapped().map_or(v6.to_bits() >> 64 << 64, |v4| v4.to_ipv6_mapped().to_bits()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sec_077_a_household_is_one_network() {
        let of = |text: &str| network(text.parse().unwrap());
        assert_eq!(of("2001:db8:1:2::1"), of("2001:db8:1:2:ffff::9"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
        assert_ne!(of("192.0.2.2"), of("192.0.2.1"));
    }

    #[test]
    fn each_key_has_its_own_limit() {
        let guesses = Guesses::new(&Rates { per_address: 2, per_client: 3, per_pool: 4 });
        let keys = |address: &str, client: &str| Keys {
            address: address.parse().ok(),
            client: Some(client.to_owned()),
            pool: Some("pool".to_owned()),
        };
        let limit = |keys: &Keys| guesses.look(keys, 0).err().map(|(name, _)| name);
        for address in ["192.0.2.1", "192.0.2.1", "192.0.2.2", "192.0.2.2"] {
            guesses.wrong(&keys(address, "one"), 0);
        }
        assert_eq!(limit(&keys("192.0.2.1", "two")), Some("address"));
        assert_eq!(limit(&keys("192.0.2.3", "one")), Some("app client"));
        assert_eq!(limit(&keys("192.0.2.3", "two")), Some("pool"));
        assert_eq!(limit(&Keys { pool: Some("other".to_owned()), ..keys("192.0.2.3", "two") }), None);
        assert_eq!(guesses.refusals(), 3);
    }
}
