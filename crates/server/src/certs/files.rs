//! A certificate chain and its key from PEM files, followed while the server runs: a renewed pair serves from the next
//! handshake on. Called by the HTTPS listener through `run`, and by the checks of `serve`.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rustls::pki_types::pem::{self, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use super::{CertError, NO_PEM, file, provider, unusable};

/// The pair in use.
#[derive(Debug)]
pub struct FileCerts {
    chain: PathBuf,
    key: PathBuf,
    current: Mutex<Current>,
}

#[derive(Debug)]
struct Current {
    pair: Arc<CertifiedKey>,
    /// Of the files as they were last looked at, whether or not they could be used.
    seen: Stamp,
}

/// Tells two states of the files apart without reading them; `None` for a file that is not there.
type Stamp = [Option<(u64, u64, i64, i64)>; 2];

impl FileCerts {
    /// # Errors
    /// [`CertError`] naming the file: unreadable, empty, not PEM, readable by others (the key), or not belonging together.
    pub fn open(chain: &Path, key: &Path) -> Result<Self, CertError> {
        // The stamp first: what changes while the files are read is seen at the next handshake.
        let seen = stamp(chain, key);
        let pair = Arc::new(load(chain, key)?);
        Ok(Self { chain: chain.into(), key: key.into(), current: Mutex::new(Current { pair, seen }) })
    }

    /// The pair to serve. Two `stat` calls; files are read only where those tell a change, so that nobody can have them
    /// read by connecting often. A pair that cannot be used leaves the one before in place, with an error in the log.
    fn pair(&self) -> Arc<CertifiedKey> {
        let seen = stamp(&self.chain, &self.key);
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if current.seen != seen {
            current.seen = seen;
            match load(&self.chain, &self.key) {
                Ok(pair) => {
                    current.pair = Arc::new(pair);
                    tracing::info!(certificate = %self.chain.display(), "renewed certificate in use");
                }
                Err(error) => tracing::error!(%error, "the renewed certificate cannot be used; the one before stays in use"),
            }
        }
        Arc::clone(&current.pair)
    }
}

impl ResolvesServerCert for FileCerts {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.pair())
    }
}

fn stamp(chain: &Path, key: &Path) -> Stamp {
    [chain, key].map(|path| {
        let facts = fs::metadata(path).ok()?;
        Some((facts.ino(), facts.len(), facts.mtime(), facts.mtime_nsec()))
    })
}

fn load(chain: &Path, key: &Path) -> Result<CertifiedKey, CertError> {
    let certificates: Vec<CertificateDer<'static>> =
        CertificateDer::pem_file_iter(chain).and_then(Iterator::collect).map_err(|error| not_pem(chain, error))?;
    if certificates.is_empty() {
        return Err(CertError::Unusable { path: chain.into(), why: "holds no certificate".into() });
    }
    let mode = fs::metadata(key).map_err(|error| file(key, error))?.permissions().mode();
    // Group access is common for keys that a certificate client renews for several services; everybody is never right.
    if mode & 0o007 != 0 {
        return Err(CertError::TooOpen { path: key.into() });
    }
    let private = PrivateKeyDer::from_pem_file(key).map_err(|error| not_pem(key, error))?;
    CertifiedKey::from_der(certificates, private, &provider()).map_err(|error| unusable(key, &error))
}

/// When the first certificate of a PEM file ends, in milliseconds since the epoch.
///
/// # Errors
/// [`CertError`] naming the file: unreadable, or holding no certificate.
pub fn expires_at(path: &Path) -> Result<i64, CertError> {
    let der = CertificateDer::from_pem_file(path).map_err(|error| not_pem(path, error))?;
    let (_, certificate) = x509_parser::parse_x509_certificate(&der).map_err(|_| unusable(path, &NO_PEM))?;
    Ok(certificate.validity().not_after.timestamp().saturating_mul(1000))
}

fn not_pem(path: &Path, error: pem::Error) -> CertError {
    match error {
        pem::Error::Io(error) => file(path, error),
        _ => unusable(path, &NO_PEM),
    }
}
