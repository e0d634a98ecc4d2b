//! Certificates: the local authority of development mode, leaf certificates made for whatever name is asked for, and
//! certificate files in production.
//!
//! Owns `DIR/ca.pem` and `DIR/ca-key.pem`. Called by `run` for the HTTPS listener and by `poolhouse trust`.

use std::collections::HashMap;
use std::fmt;
use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SanType,
};
use rustls::ServerConfig;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use time::{Duration, OffsetDateTime};

use crate::host;

mod files;

pub use files::{FileCerts, expires_at};

/// Apple and the CA/Browser Forum refuse leaf certificates of more than 398 days.
const LEAF_DAYS: i64 = 396;
const CA_DAYS: i64 = 3650;
const RENEW_BEFORE_DAYS: i64 = 30;
const DAY_MS: i64 = 86_400_000;
/// Leaf certificates kept; the name is the client's choice, so memory must not grow with it.
const CACHE: usize = 256;

/// A certificate or key that cannot be used, with the file and what to do.
#[derive(Debug, thiserror::Error)]
pub enum CertError {
    #[error("{path}: {error}")]
    File { path: PathBuf, error: io::Error },
    #[error("{path} can be read by others; run: chmod 600 {path}")]
    TooOpen { path: PathBuf },
    #[error(
        "{path} is missing although {beside} is there; restore it, or remove both to make a new authority (and run `poolhouse trust` again)"
    )]
    HalfMissing { path: PathBuf, beside: PathBuf },
    #[error("{path}: {why}")]
    Unusable { path: PathBuf, why: String },
}

/// The certificate authority of one data directory. Whoever holds its key can pose as any site to whoever trusts it:
/// the key never leaves its file, which only the owner may read.
pub struct LocalCa {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
    path: PathBuf,
}

impl fmt::Debug for LocalCa {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("LocalCa").field("path", &self.path).finish_non_exhaustive()
    }
}

impl LocalCa {
    /// Reads the authority of `dir`, or makes it on the first call. `now` in milliseconds.
    ///
    /// # Errors
    /// [`CertError`] when files cannot be read or written, when the key is readable by others, or when one file is lost.
    pub fn open_or_create(dir: &Path, now: i64) -> Result<Self, CertError> {
        let (path, key_path) = (dir.join("ca.pem"), dir.join("ca-key.pem"));
        if !path.exists() {
            // A key without its certificate is what an interrupted first start leaves behind: nobody trusts it yet.
            create_ca(dir, &path, &key_path, now)?;
        }
        Self::open(dir)
    }

    /// Reads the authority of `dir`.
    ///
    /// # Errors
    /// As [`LocalCa::open_or_create`]; a missing certificate is [`CertError::File`].
    pub fn open(dir: &Path) -> Result<Self, CertError> {
        let (path, key_path) = (dir.join("ca.pem"), dir.join("ca-key.pem"));
        let pem = read(&path)?;
        if !key_path.exists() {
            return Err(CertError::HalfMissing { path: key_path, beside: path });
        }
        let mode = fs::metadata(&key_path).map_err(|error| file(&key_path, error))?.permissions().mode();
        if mode & 0o077 != 0 {
            return Err(CertError::TooOpen { path: key_path });
        }
        let key = KeyPair::from_pem(&read(&key_path)?).map_err(|_| unusable(&key_path, &NO_PEM))?;
        let issuer = Issuer::from_ca_cert_pem(&pem, key).map_err(|_| unusable(&path, &NO_PEM))?;
        Ok(Self { issuer, pem, path })
    }

    /// The authority's certificate, PEM.
    #[must_use]
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// Where the certificate lies.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn leaf(&self, name: Option<&str>, now: i64) -> Result<CertifiedKey, String> {
        let names = match name {
            Some(name) => vec![name.to_owned()],
            None => ["localhost", "127.0.0.1", "::1"].map(str::to_owned).to_vec(),
        };
        let mut params = CertificateParams::new(names).map_err(|error| error.to_string())?;
        params.distinguished_name = DistinguishedName::new();
        // X.520 bounds a common name at 64 characters; clients read the alternative names anyway.
        let common = name.filter(|name| name.len() <= 64).unwrap_or("localhost");
        params.distinguished_name.push(DnType::CommonName, common);
        if name == Some("localhost") {
            params.subject_alt_names.push(SanType::IpAddress(std::net::Ipv4Addr::LOCALHOST.into()));
            params.subject_alt_names.push(SanType::IpAddress(std::net::Ipv6Addr::LOCALHOST.into()));
        }
        (params.not_before, params.not_after) = validity(now, LEAF_DAYS);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate().map_err(|error| error.to_string())?;
        let leaf = params.signed_by(&key, &self.issuer).map_err(|error| error.to_string())?;
        let der = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let key = aws_lc_rs::sign::any_supported_type(&der).map_err(|error| error.to_string())?;
        Ok(CertifiedKey::new(vec![leaf.der().clone()], key))
    }
}

/// Makes leaf certificates as names are asked for (SNI); without a name, one for localhost and the loopback addresses.
#[derive(Debug)]
pub struct DevCerts {
    ca: LocalCa,
    clock: fn() -> i64,
    cache: Mutex<Cache>,
}

#[derive(Debug, Default)]
struct Cache {
    leaves: HashMap<Option<String>, Leaf>,
    uses: u64,
}

#[derive(Debug)]
struct Leaf {
    key: Arc<CertifiedKey>,
    renew_at: i64,
    used: u64,
}

impl DevCerts {
    /// `clock` gives milliseconds since the epoch; it is asked once a handshake.
    #[must_use]
    pub fn new(ca: LocalCa, clock: fn() -> i64) -> Self {
        Self { ca, clock, cache: Mutex::default() }
    }

    /// The certificate for a name; `None` for a name that is not a host name.
    #[must_use]
    pub fn certificate(&self, name: Option<&str>) -> Option<Arc<CertifiedKey>> {
        let name = name.map(|name| name.trim_end_matches('.').to_ascii_lowercase());
        if name.as_deref().is_some_and(|name| !host::is_host_name(name)) {
            return None;
        }
        let now = (self.clock)();
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        cache.uses += 1;
        let used = cache.uses;
        if let Some(leaf) = cache.leaves.get_mut(&name).filter(|leaf| now < leaf.renew_at) {
            leaf.used = used;
            return Some(Arc::clone(&leaf.key));
        }
        let key = match self.ca.leaf(name.as_deref(), now) {
            Ok(key) => Arc::new(key),
            Err(error) => {
                tracing::warn!(?name, %error, "no certificate could be made");
                return None;
            }
        };
        if cache.leaves.len() >= CACHE
            && let Some(oldest) = cache.leaves.iter().min_by_key(|(_, leaf)| leaf.used).map(|(name, _)| name.clone())
        {
            cache.leaves.remove(&oldest);
        }
        let renew_at = now + (LEAF_DAYS - RENEW_BEFORE_DAYS) * DAY_MS;
        cache.leaves.insert(name, Leaf { key: Arc::clone(&key), renew_at, used });
        Some(key)
    }

    #[cfg(test)]
    fn cached(&self) -> usize {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner).leaves.len()
    }
}

impl ResolvesServerCert for DevCerts {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.certificate(hello.server_name())
    }
}

/// TLS 1.2 and 1.3 with ALPN `h2` and `http/1.1`.
///
/// # Errors
/// When the cryptographic provider supports neither version.
pub fn tls_config(certificates: Arc<dyn ResolvesServerCert>) -> Result<Arc<ServerConfig>, rustls::Error> {
    let mut config = ServerConfig::builder_with_provider(Arc::new(provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_cert_resolver(certificates);
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

fn provider() -> CryptoProvider {
    aws_lc_rs::default_provider()
}

fn create_ca(dir: &Path, path: &Path, key_path: &Path, now: i64) -> Result<(), CertError> {
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(dir);
    made.map_err(|error| file(dir, error))?;
    let fail = |error: rcgen::Error| unusable(path, &error);
    let key = KeyPair::generate().map_err(fail)?;
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, "Poolhouse local authority");
    params.distinguished_name.push(DnType::OrganizationName, "Poolhouse development");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    (params.not_before, params.not_after) = validity(now, CA_DAYS);
    let certificate = params.self_signed(&key).map_err(fail)?;
    // Key first: the certificate is the mark of a finished pair.
    write(key_path, key.serialize_pem().as_bytes(), 0o600)?;
    write(path, certificate.pem().as_bytes(), 0o644)
}

/// From a day ago, so that a client whose clock runs late accepts it.
fn validity(now: i64, days: i64) -> (OffsetDateTime, OffsetDateTime) {
    let now = OffsetDateTime::from_unix_timestamp(now / 1000).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    (now - Duration::days(1), now + Duration::days(days))
}

/// Whole or not at all: a temporary file of the final mode, then a rename.
fn write(path: &Path, bytes: &[u8], mode: u32) -> Result<(), CertError> {
    let fresh = path.with_extension("new");
    let result = (|| {
        match fs::remove_file(&fresh) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut out = fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(&fresh)?;
        out.write_all(bytes)?;
        out.sync_all()?;
        fs::rename(&fresh, path)
    })();
    result.map_err(|error| file(path, error))
}

fn read(path: &Path) -> Result<String, CertError> {
    fs::read_to_string(path).map_err(|error| file(path, error))
}

fn file(path: &Path, error: io::Error) -> CertError {
    CertError::File { path: path.into(), error }
}

/// The parsers' own words quote the lines they stumble over, which are the private key where its first line is damaged.
const NO_PEM: &str = "is not what it should be in PEM form";

fn unusable(path: &Path, why: &dyn fmt::Display) -> CertError {
    CertError::Unusable { path: path.into(), why: why.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_790_000_000_000;

    fn dir(name: &str) -> PathBuf {
        let dir = std::env::temp_dir().join(format!("poolhouse-certs-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&dir);
        dir
    }

    fn later() -> i64 {
        NOW + (LEAF_DAYS - 1) * DAY_MS
    }

    #[test]
    fn sec_185_the_authority_is_made_once_and_its_key_is_private() {
        let dir = dir("once");
        let first = LocalCa::open_or_create(&dir, NOW).unwrap().pem().to_owned();
        assert_eq!(LocalCa::open_or_create(&dir, NOW).unwrap().pem(), first);
        let mode = |name: &str| fs::metadata(dir.join(name)).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode("ca-key.pem"), 0o600);
        assert_eq!(fs::metadata(&dir).unwrap().permissions().mode() & 0o777, 0o700);
        fs::set_permissions(dir.join("ca-key.pem"), fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(LocalCa::open(&dir), Err(CertError::TooOpen { .. })));
        fs::remove_file(dir.join("ca-key.pem")).unwrap();
        assert!(matches!(LocalCa::open_or_create(&dir, NOW), Err(CertError::HalfMissing { .. })));
        fs::remove_dir_all(&dir).unwrap();
    }

    #[test]
    fn an_interrupted_first_start_is_finished() {
        let dir = dir("half");
        fs::create_dir_all(&dir).unwrap();
        fs::write(dir.join("ca-key.pem"), "half a key").unwrap();
        fs::write(dir.join("ca-key.new"), "half a key").unwrap();
        LocalCa::open_or_create(&dir, NOW).unwrap();
        fs::remove_dir_all(&dir).unwrap();
    }

    #[test]
    fn names_are_checked_cached_and_bounded() {
        let dir = dir("names");
        let certs = DevCerts::new(LocalCa::open_or_create(&dir, NOW).unwrap(), || NOW);
        let first = certs.certificate(Some("demo.auth.us-east-1.localhost")).unwrap();
        let again = certs.certificate(Some("DEMO.auth.us-east-1.localhost.")).unwrap();
        assert!(Arc::ptr_eq(&first, &again));
        for bad in ["", "a b", "../etc", "x..y", "*.test"] {
            assert!(certs.certificate(Some(bad)).is_none(), "{bad}");
        }
        for at in 0..CACHE + 10 {
            certs.certificate(Some(&format!("n{at}.test"))).unwrap();
        }
        assert_eq!(certs.cached(), CACHE);
        fs::remove_dir_all(&dir).unwrap();
    }

    #[test]
    fn leaves_are_renewed_before_they_expire() {
        let dir = dir("renew");
        let mut certs = DevCerts::new(LocalCa::open_or_create(&dir, NOW).unwrap(), || NOW);
        let first = certs.certificate(None).unwrap();
        certs.clock = later;
        assert!(!Arc::ptr_eq(&first, &certs.certificate(None).unwrap()));
        fs::remove_dir_all(&dir).unwrap();
    }
}
