use crate::config::load;

#[test]
fn contradictions_name_the_place_and_the_consequence() {
    let text = "[waiting_room]\nredis_pool_size = 0\n\n[booking]\nbatch_max = 64\nqueue_depth_max = 63\ncors_origins = [\"*\"]\n";
    let error = load(Some(("town.toml", text)), Vec::new()).expect_err("refused");
    let lines: Vec<&str> = error.0.iter().map(String::as_str).collect();
    assert_eq!(
        lines[..2],
        [
            "town.toml:2: `waiting_room.redis_pool_size` must be at least 1",
            "town.toml:6: `booking.queue_depth_max` must not be below `batch_max`: a batch could never fill",
        ]
    );
    assert!(lines[2].starts_with("town.toml:7: `booking.cors_origins` must list origins"));
    assert_eq!(lines.len(), 3);
}

#[test]
fn polls_must_be_answered() {
    let text = "[waiting_room]\npolls_per_s_max = 0\n";
    let error = load(Some(("town.toml", text)), Vec::new()).expect_err("refused");
    assert!(error.0[0].starts_with("town.toml:2: `waiting_room.polls_per_s_max` must be"));
    assert_eq!(error.0.len(), 1);
}

#[test]
fn a_collector_of_traces_has_an_address_and_gets_no_more_than_all() {
    let text = "[traces]\nendpoint = \"collector:4318\"\nrecorded_per_mille = 1001\n";
    let error = load(Some(("town.toml", text)), Vec::new()).expect_err("refused");
    let named = |path: &str| error.0.iter().any(|line| line.contains(path));
    assert!(named("`traces.endpoint` must begin with http://"), "{error}");
    assert!(named("`traces.recorded_per_mille` must be 0 to 1000"), "{error}");
    assert_eq!(error.0.len(), 2);
}

#[test]
fn every_form_of_a_store_is_accepted() {
    for url in [
        "memory:",
        "redis://redis:6379/0",
        "rediss://room:secret@redis/?ca=/etc/ca.pem",
        "redis+unix:///run/redis/redis.sock",
        "redis+sentinel://a:26379,b/master/0?sentinel_user=s&sentinel_password=p",
        "redis+cluster://a:7000,b:7001",
    ] {
        let text = format!("[waiting_room]\nstore_url = \"{url}\"\n");
        load(Some(("town.toml", &text)), Vec::new()).expect(url);
    }
}

#[test]
fn a_wrong_network_of_a_proxy_is_named() {
    let refused = |line: &str| {
        let text = format!("[limits]\n{line}\n");
        load(Some(("town.toml", &text)), Vec::new()).expect_err(line).0.join("\n")
    };
    assert_eq!(
        refused(r#"trusted_proxies = ["10.0.0.0/8", "10.1.0.0/33"]"#),
        "town.toml:2: `limits.trusted_proxies` must list your proxies: \"10.1.0.0/33\" is no network \
         in CIDR notation, such as \"10.0.0.0/8\" or \"2001:db8::/48\""
    );
    assert!(refused(r#"trusted_proxies = ["0.0.0.0/0"]"#).contains("holds every address"));
    assert!(refused(r#"forwarded_header = "x-real-ip""#).contains("x-forwarded-for"));
    assert!(refused("join_burst = 0").contains("no request would ever be let through"));
    assert!(refused("keys_max = 10").contains("1000 to 10000000"));
    let off = "[limits]\njoin_burst = 0\njoin_per_minute = 0\n";
    load(Some(("town.toml", off)), Vec::new()).expect("a limit that is off needs no burst");
}

fn refused(section: &str, line: &str) -> Vec<String> {
    let text = format!("[{section}]\n{line}\n");
    load(Some(("town.toml", &text)), Vec::new()).expect_err(line).0
}

#[test]
fn what_would_not_work_is_refused_where_it_stands() {
    for (section, line) in [
        ("waiting_room", "redis_trip_deadline_ms = 0"),
        ("shutdown", "finish_s = 0"),
        ("booking", "listen = \"127.0.0.1:8080\""),
        ("booking", "listen = \"0.0.0.0:8080\""),
        ("booking", "metrics_listen = \"127.0.0.1:8081\""),
        ("booking", "metrics_listen = \"[::]:9080\""),
        ("booking", "signals_url = \"ftp://room\""),
        ("booking", "signals_url = \"room:8080\""),
        ("booking", "public_url = \"buchen.example.de\""),
        ("booking", "page_url = \"/termine\""),
        ("booking", "jwks = \"file:///etc/jwks.json\""),
        ("log", "filter = \"verbose\""),
        ("log", "filter = \"info,web=loud\""),
    ] {
        let found = refused(section, line);
        let setting = line.split(' ').next().unwrap_or_default();
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with(&format!("town.toml:2: `{section}.{setting}` ")), "{found:?}");
    }
}

#[test]
fn origins_are_what_a_browser_sends() {
    let load_origin = |origin: &str| {
        let text = format!("[booking]\ncors_origins = [\"{origin}\"]\n");
        load(Some(("town.toml", &text)), Vec::new())
    };
    for right in [
        "https://termine.example.de",
        "http://localhost:5173",
        "http://127.0.0.1",
        "http://[::1]",
        "http://[::1]:3000",
    ] {
        load_origin(right).expect(right);
    }
    for wrong in [
        "*",
        "null",
        "termine.example.de",
        "https://",
        "https://a.de/",
        "https://a.de/termine",
        "https://a.de?x",
        "ftp://a.de",
        "capacitor://localhost",
        "HTTPS://a.de",
        "https://A.de",
        "https://a.de:",
        "https://a.de:0",
        "https://a.de:x",
        "https://u@a.de",
        "https://*.a.de",
    ] {
        let found = load_origin(wrong).expect_err(wrong).0;
        assert!(found[0].starts_with("town.toml:2: `booking.cors_origins` must list"), "{found:?}");
    }
}
