//! TLS by rustls, from PEM files.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::config::TlsFiles;

/// Takes connections.
#[derive(Clone)]
pub struct Tls(pub(super) TlsAcceptor);

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tls")
    }
}

/// Certificate or key cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{}: {reason}", file.display())]
pub struct TlsError {
    /// The key in the configuration.
    pub key: &'static str,
    /// The file it names.
    pub file: PathBuf,
    /// What is wrong with it.
    pub reason: String,
}

impl Tls {
    /// Reads certificate and key.
    ///
    /// # Errors
    /// Where a file cannot be read, or the two do not fit.
    pub fn read(files: &TlsFiles) -> Result<Self, TlsError> {
        let certificate = |reason: String| wrong("server.tls_certificate", &files.certificate, reason);
        let key = |reason: String| wrong("server.tls_key", &files.key, reason);
        let chain = CertificateDer::pem_file_iter(&files.certificate)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(|error| certificate(error.to_string()))?;
        if chain.is_empty() {
            return Err(certificate("holds no certificate".to_owned()));
        }
        let private = PrivateKeyDer::from_pem_file(&files.key).map_err(|error| key(error.to_string()))?;
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| certificate(error.to_string()))?
            .with_no_client_auth()
            .with_single_cert(chain, private)
            .map_err(|error| key(error.to_string()))?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Self(TlsAcceptor::from(Arc::new(config))))
    }
}

fn wrong(key: &'static str, file: &Path, reason: String) -> TlsError {
    TlsError { key, file: file.to_path_buf(), reason }
}
