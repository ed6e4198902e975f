//! TLS for the listener: certificate and key from PEM files, read again on demand.
//!
//! Knows files and rustls; knows no HTTP beyond the protocol name it offers.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use rustls::{
    ServerConfig, crypto,
    pki_types::{CertificateDer, PrivateKeyDer, pem, pem::PemObject},
};

/// The current certificate and where it came from.
#[derive(Debug)]
pub struct Tls {
    files: TlsFiles,
    current: Mutex<Arc<ServerConfig>>,
}

/// Where certificate chain and private key are kept, both as PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// The server's certificate, then those that lead to its authority.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

/// Why certificate or key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The file cannot be read, or is not PEM.
    #[error("cannot read {what} from {}: {source}", path.display())]
    Read {
        /// `the certificate` or `the private key`.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// What went wrong.
        source: pem::Error,
    },
    /// There is no certificate in it.
    #[error("{} has no certificate; it needs a PEM block BEGIN CERTIFICATE", .0.display())]
    Empty(PathBuf),
    /// The two do not fit, or are of a kind that is not supported.
    #[error(
        "the certificate {} and the key {} cannot be used together: {source}",
        files.certificate.display(),
        files.key.display()
    )]
    Unusable {
        /// Both.
        files: Box<TlsFiles>,
        /// What went wrong.
        source: rustls::Error,
    },
}

impl Tls {
    /// Reads certificate and key.
    ///
    /// # Errors
    /// When a file is missing, is not PEM, or the two do not fit.
    pub fn load(files: TlsFiles) -> Result<Self, TlsError> {
        let current = Mutex::new(read(&files)?);
        Ok(Self { files, current })
    }

    /// Reads the files again, for new connections. The old certificate stays when that fails.
    ///
    /// # Errors
    /// As [`Tls::load`].
    pub fn reload(&self) -> Result<(), TlsError> {
        let fresh = read(&self.files)?;
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(())
    }

    /// What a new connection is to use.
    pub(super) fn current(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.current.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn read(files: &TlsFiles) -> Result<Arc<ServerConfig>, TlsError> {
    let unreadable = |what, path: &Path| {
        let path = path.to_owned();
        move |source| TlsError::Read { what, path, source }
    };
    let certificates = CertificateDer::pem_file_iter(&files.certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(unreadable("the certificate", &files.certificate))?;
    if certificates.is_empty() {
        return Err(TlsError::Empty(files.certificate.clone()));
    }
    let key = PrivateKeyDer::from_pem_file(&files.key)
        .map_err(unreadable("the private key", &files.key))?;
    let unusable = |source| TlsError::Unusable { files: Box::new(files.clone()), source };
    // The provider is named because a process-wide default may belong to the host app.
    let mut config =
        ServerConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(unusable)?
            .with_no_client_auth()
            .with_single_cert(certificates, key)
            .map_err(unusable)?;
    // WebSockets over HTTP/2 are not spoken here, so HTTP/2 must not be offered.
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}
