//! Whom directories' certificates are trusted by: the system's authorities, and those of the configuration.

use std::sync::Arc;

use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// Certificates cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the certificates for {label} cannot be used: {reason}")]
pub struct Error {
    /// What people call the directory.
    pub label: String,
    /// What is wrong.
    pub reason: String,
}

/// A client's side of TLS. The system's authorities and, in PEM, others.
pub(super) fn client(label: &str, ca: Option<&[u8]>) -> Result<Arc<ClientConfig>, Error> {
    let wrong = |reason: String| Error { label: label.to_owned(), reason };
    let mut roots = RootCertStore::empty();
    // A single broken file among the system's must not keep everybody out.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    for certificate in CertificateDer::pem_slice_iter(ca.unwrap_or_default()) {
        let certificate = certificate.map_err(|error| wrong(error.to_string()))?;
        roots.add(certificate).map_err(|error| wrong(error.to_string()))?;
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| wrong(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}
