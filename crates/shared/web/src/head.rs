//! HEAD on everything that has a GET (RFC 9110, section 9.3.2).

use actix_web::dev::ServiceRequest;
use actix_web::http::Method;
use actix_web::{HttpMessage as _, HttpRequest};

/// What marks a GET that is a HEAD.
struct Head;

/// Lets a HEAD be answered as if it were a GET; the server leaves the body out, because it remembers what was
/// asked.
pub(crate) fn as_get(request: &mut ServiceRequest) {
    if request.method() == Method::HEAD {
        request.head_mut().method = Method::GET;
        request.extensions_mut().insert(Head);
    }
}

/// Whether a GET is a HEAD, for answers whose body has no end: the server would wait for it.
pub(crate) fn is_head(request: &HttpRequest) -> bool {
    request.extensions().contains::<Head>()
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::{TcpListener, TcpStream};
    use std::sync::Arc;

    use actix_web::{App, HttpResponse, HttpServer, web};
    use kernel::SeededEntropy;

    use crate::{Drain, Edge};

    /// Over a socket: only the server leaves the body out.
    #[actix_web::test]
    async fn a_head_has_all_but_the_body() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let edge = Edge::new("test", Drain::new(), Arc::new(SeededEntropy::new(1)));
        let server = HttpServer::new(move || {
            let hello = web::get().to(async || HttpResponse::Ok().body("hello"));
            App::new().route("/", hello).wrap(edge.clone())
        });
        let server = server.workers(1).disable_signals().listen(listener).expect("listens").run();
        let handle = server.handle();
        tokio::spawn(server);
        let ask = move |method: &str| {
            let mut stream = TcpStream::connect(address).expect("connects");
            write!(stream, "{method} / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
                .expect("is sent");
            let mut reply = String::new();
            stream.read_to_string(&mut reply).expect("is answered");
            reply.to_lowercase()
        };
        let replies = tokio::task::spawn_blocking(move || ["GET", "HEAD", "PUT"].map(ask));
        let [get, head, put] = replies.await.expect("asks");
        assert!(get.contains("content-length: 5\r\n") && get.ends_with("\r\n\r\nhello"), "{get}");
        assert!(
            head.starts_with("http/1.1 200") && head.contains("content-length: 5\r\n"),
            "{head}"
        );
        assert!(head.ends_with("\r\n\r\n"), "{head}");
        assert!(put.starts_with("http/1.1 404"), "{put}");
        handle.stop(true).await;
    }
}
