//! Bodies that are the same for many, compressed once for all of them.
//!
//! Answers of one citizen are not compressed: they are short, and the length of a text in which something secret is
//! compressed together with something that an attacker chose gives the secret away (BREACH).

use std::io::{self, Write as _};
use std::sync::OnceLock;

use actix_web::HttpRequest;
use actix_web::http::header::{
    ACCEPT_ENCODING, AcceptEncoding, Encoding, Header as _, HeaderValue,
};
use actix_web::web::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;

/// A shorter body fits the first packets as it is.
const LENGTH_MIN: usize = 1_024;
/// What is made anew every half second is not worth a higher one.
const BROTLI_QUALITY: u32 = 4;
const BROTLI_WINDOW: u32 = 20;
const BUFFER_LENGTH: usize = 4_096;

/// A content coding (RFC 9110, section 8.4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Coding {
    Brotli,
    Gzip,
}

impl Coding {
    /// What a client takes best (RFC 9110, section 12.5.3); `None` is the body as it is.
    fn preferred(request: &HttpRequest) -> Option<Self> {
        if !request.headers().contains_key(ACCEPT_ENCODING) {
            return None;
        }
        let offers = [Encoding::brotli(), Encoding::gzip(), Encoding::identity()];
        let chosen = AcceptEncoding::parse(request).ok()?.negotiate(offers.iter())?;
        [(Self::Brotli, Encoding::brotli()), (Self::Gzip, Encoding::gzip())]
            .into_iter()
            .find_map(|(coding, encoding)| (encoding == chosen).then_some(coding))
    }

    /// Its name, as in `Content-Encoding`.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Brotli => "br",
            Self::Gzip => "gzip",
        }
    }

    fn encode(self, body: &[u8]) -> io::Result<Vec<u8>> {
        match self {
            Self::Brotli => {
                let encoded = Vec::with_capacity(body.len() / 4);
                let mut writer = brotli::CompressorWriter::new(
                    encoded,
                    BUFFER_LENGTH,
                    BROTLI_QUALITY,
                    BROTLI_WINDOW,
                );
                writer.write_all(body)?;
                Ok(writer.into_inner())
            }
            Self::Gzip => {
                let mut writer = GzEncoder::new(Vec::new(), Compression::default());
                writer.write_all(body)?;
                writer.finish()
            }
        }
    }
}

/// One compressed form of a body, made when somebody first asks for it.
#[derive(Debug, Default)]
pub(crate) struct Form {
    body: OnceLock<Option<Bytes>>,
    etag: OnceLock<HeaderValue>,
}

impl Form {
    /// `body` in this coding; `None` if it could not be written.
    pub(crate) fn body(&self, coding: Coding, body: &[u8]) -> Option<Bytes> {
        self.body.get_or_init(|| coding.encode(body).ok().map(Bytes::from)).clone()
    }

    /// Its entity tag.
    pub(crate) fn etag(&self, make: impl FnOnce() -> HeaderValue) -> HeaderValue {
        self.etag.get_or_init(make).clone()
    }
}

/// The compressed forms of a body.
#[derive(Debug, Default)]
pub(crate) struct Compressed {
    brotli: Form,
    gzip: Form,
}

impl Compressed {
    /// Whether bodies of this length are compressed at all.
    pub(crate) const fn pays(length: usize) -> bool {
        length >= LENGTH_MIN
    }

    /// The form in which this client takes a body of this length best; `None` is the body as it is.
    pub(crate) fn preferred(
        &self,
        length: usize,
        request: &HttpRequest,
    ) -> Option<(Coding, &Form)> {
        if !Self::pays(length) {
            return None;
        }
        let coding = Coding::preferred(request)?;
        let form = match coding {
            Coding::Brotli => &self.brotli,
            Coding::Gzip => &self.gzip,
        };
        Some((coding, form))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;
    use actix_web::test::TestRequest;

    fn body() -> Bytes {
        Bytes::from("slot 17, ".repeat(200))
    }

    fn answered(body: &Bytes, accepted: Option<&str>) -> Option<(Coding, Bytes)> {
        let mut request = TestRequest::default();
        if let Some(accepted) = accepted {
            request = request.insert_header((ACCEPT_ENCODING, accepted));
        }
        let compressed = Compressed::default();
        let (coding, form) = compressed.preferred(body.len(), &request.to_http_request())?;
        Some((coding, form.body(coding, body).expect("is written")))
    }

    #[test]
    fn a_client_gets_what_it_takes_best() {
        for (accepted, coding) in [
            (None, None),
            (Some(""), None),
            (Some("identity"), None),
            (Some("zstd"), None),
            (Some("gzip"), Some(Coding::Gzip)),
            (Some("gzip, deflate, br, zstd"), Some(Coding::Brotli)),
            (Some("gzip;q=1, br;q=0.5"), Some(Coding::Gzip)),
            (Some("br;q=0, gzip"), Some(Coding::Gzip)),
        ] {
            let answered = answered(&body(), accepted).map(|(coding, _)| coding);
            assert_eq!(answered, coding, "{accepted:?}");
        }
        assert_eq!(answered(&Bytes::from("short"), Some("br")), None);
    }

    #[test]
    fn what_is_compressed_is_the_body() {
        let (_, gzip) = answered(&body(), Some("gzip")).expect("compressed");
        let mut text = String::new();
        flate2::read::GzDecoder::new(&*gzip).read_to_string(&mut text).expect("gzip");
        assert_eq!(text.as_bytes(), body());
        let (_, brotli) = answered(&body(), Some("br")).expect("compressed");
        text.clear();
        brotli::Decompressor::new(&*brotli, BUFFER_LENGTH)
            .read_to_string(&mut text)
            .expect("brotli");
        assert_eq!(text.as_bytes(), body());
        assert!(gzip.len() < body().len() / 2 && brotli.len() < body().len() / 2);
    }
}
