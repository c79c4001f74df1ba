//! Nobody is led to where messages must not go.

use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use test_support::{Receiver, Reply};
use webhook::{Answer, Endpoint, Reason, Sender};

use crate::endpoints::{Folder, HERE, LIMITS, Says, reason, send, sender};

fn taking() -> Receiver {
    Receiver::start(|_, _| Reply::Status(200, Vec::new())).expect("a receiver")
}

/// A sender for which the name of the endpoint means this, one time after the other.
fn believing(endpoint: &Endpoint, says: &[&[&str]]) -> Sender {
    let address = |text: &&str| text.parse::<IpAddr>().expect("an address");
    let says = says.iter().map(|addresses| addresses.iter().map(address).collect()).collect();
    Sender::new(endpoint, LIMITS, Arc::new(Says(Mutex::new(says)))).expect("a sender")
}

#[tokio::test]
async fn this_machine_and_its_neighbours_get_nothing() {
    let receiver = taking();
    let folder = Folder::new();
    let port = receiver.port();
    for host in ["127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "2130706433", "0x7f.1", "localhost"] {
        let endpoint = folder.endpoint(&format!("http://{host}:{port}/"), "");
        let answer = send(&sender(&endpoint, LIMITS), 1).await;
        assert_eq!(reason(&answer), Reason::AddressRefused, "{host}");
    }
    let named = folder.endpoint(&format!("http://hooks.example.org:{port}/"), "");
    for address in ["169.254.169.254", "10.0.0.1", "::ffff:127.0.0.1", "64:ff9b::7f00:1"] {
        let answer = send(&believing(&named, &[&[address]]), 1).await;
        assert_eq!(reason(&answer), Reason::AddressRefused, "{address}");
    }
    assert_eq!(receiver.delivered().len(), 0);
}

#[tokio::test]
async fn an_address_beside_a_refused_one_is_used() {
    let receiver = taking();
    let folder = Folder::new();
    let endpoint = folder.endpoint(&format!("http://hooks.example.org:{}/", receiver.port()), HERE);
    let sender = believing(&endpoint, &[&["10.0.0.1", "127.0.0.1", "127.0.0.2"]]);
    assert_eq!(send(&sender, 1).await, Answer::Taken);
}

/// A name that means something good when it is judged and something else when it is used (DNS rebinding) leads nowhere: it is
/// looked up once for each connection, and what was judged is connected to.
#[tokio::test]
async fn a_name_that_changes_its_meaning_leads_nobody_astray() {
    let good = taking();
    let port = good.port();
    let bad =
        Receiver::start_at([127, 0, 0, 2].into(), port, |_, _| Reply::Status(200, Vec::new()));
    let bad = bad.expect("the other receiver");
    let folder = Folder::new();
    let endpoint = folder.endpoint(&format!("http://hooks.example.org:{port}/"), HERE);
    let sender = believing(&endpoint, &[&["127.0.0.1"], &["127.0.0.2"]]);
    assert_eq!(send(&sender, 1).await, Answer::Taken);
    // The receiver has closed the connection, so the name is looked up again.
    assert_eq!(reason(&send(&sender, 2).await), Reason::AddressRefused);
    assert_eq!((good.delivered().len(), bad.delivered().len()), (1, 0));
}

#[tokio::test]
async fn a_redirection_is_not_followed() {
    let elsewhere = taking();
    let folder = Folder::new();
    for status in [301, 302, 303, 307, 308] {
        let location = elsewhere.url("/");
        let redirecting = Receiver::start(move |_, _| {
            Reply::Status(status, vec![("location", location.clone())])
        });
        let redirecting = redirecting.expect("a receiver");
        let sender = sender(&folder.endpoint(&redirecting.url("/"), HERE), LIMITS);
        assert_eq!(reason(&send(&sender, 1).await), Reason::Redirected(status));
    }
    assert_eq!(elsewhere.delivered().len(), 0);
}

#[tokio::test]
async fn a_name_that_means_nothing_is_told() {
    let folder = Folder::new();
    let sender = believing(&folder.endpoint("http://hooks.example.org:8080/", ""), &[&[]]);
    assert_eq!(reason(&send(&sender, 1).await), Reason::Unknown);
}
