//! Calls that the server itself makes: what it refuses to call, however the address is spelt and
//! whoever leads there, and what the operator can allow.

use std::time::Duration;

use ferrobyte::net::{Call, Trouble};

use crate::support::TestServer;
use crate::support::host::{Asked, Host};

async fn greeter() -> Host {
    Host::start(|_| (200, String::new(), "hello".to_owned())).await
}

#[tokio::test]
async fn what_is_not_public_is_not_called_and_nothing_is_sent() {
    let (server, host) = (TestServer::start().await, greeter().await);
    let port = host.port;
    for address in [
        "localhost",
        "LOCALHOST",
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "0x7f.0.0.1",
        "0.0.0.0",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "someone:hush@127.0.0.1",
    ] {
        let url = format!("http://{address}:{port}/hush?hush");
        let trouble = server
            .app
            .net
            .call(Call::get(url))
            .await
            .expect_err(address);
        assert!(
            matches!(trouble, Trouble::Refused { .. }),
            "{address}: {trouble:?}"
        );
        let sentence = trouble.to_string();
        assert!(sentence.contains("net.allow"), "{sentence}");
        assert!(!sentence.contains("hush"), "{sentence}");
    }
    for address in [
        "169.254.169.254",
        "10.0.0.1",
        "192.168.0.1",
        "[fd00:ec2::254]",
        "[fe80::1]",
    ] {
        let call = Call::get(format!("http://{address}/latest/meta-data"));
        let trouble = server.app.net.call(call).await.expect_err(address);
        assert!(
            matches!(trouble, Trouble::Refused { .. }),
            "{address}: {trouble:?}"
        );
    }
    assert!(host.asked().is_empty());
}

#[tokio::test]
async fn the_operator_allows_by_name_by_address_and_by_network() {
    let host = greeter().await;
    for (allow, open, shut) in [
        ("localhost", "localhost", "127.0.0.1"),
        ("127.0.0.1", "127.0.0.1", "[::1]"),
        ("10.9.0.0/16, 127.0.0.0/8", "localhost", "10.8.0.1"),
    ] {
        let server = TestServer::with(&[("net.allow", allow)]).await;
        let at = |address| Call::get(format!("http://{address}:{}/", host.port));
        let reply = server.app.net.call(at(open)).await.expect(open);
        assert_eq!((reply.status, reply.body.as_slice()), (200, &b"hello"[..]));
        let trouble = server.app.net.call(at(shut)).await.expect_err(shut);
        assert!(
            matches!(trouble, Trouble::Refused { .. }),
            "{shut}: {trouble:?}"
        );
    }
}

#[tokio::test]
async fn a_redirect_leads_nowhere_that_a_call_would_not() {
    let hidden = greeter().await;
    let port = hidden.port;
    let server = TestServer::with(&[("net.allow", "localhost")]).await;
    for place in [
        format!("http://127.0.0.1:{port}/"),
        format!("http://2130706433:{port}/"),
        format!("//[::ffff:127.0.0.1]:{port}/"),
        format!("http://[::1]:{port}/"),
        "http://169.254.169.254/latest/meta-data".to_owned(),
        "file:///etc/passwd".to_owned(),
    ] {
        let location = format!("location: {place}\r\n");
        let host = Host::start(move |_| (302, location.clone(), String::new())).await;
        let answer = server.app.net.call(Call::get(host.url("/"))).await;
        let trouble = answer.expect_err(&place);
        assert!(
            matches!(trouble, Trouble::Refused { .. } | Trouble::Address(_)),
            "{place}: {trouble:?}"
        );
        assert_eq!(host.asked().len(), 1);
    }
    assert!(hidden.asked().is_empty());
}

#[tokio::test]
async fn a_redirect_to_another_host_carries_no_credentials_and_a_posted_one_is_not_followed() {
    let server = TestServer::with(&[("net.allow", "localhost")]).await;
    let other = greeter().await;
    let location = format!("location: {}\r\n", other.url("/there"));
    let host = Host::start(move |asked: &Asked| match asked.line.as_str() {
        "GET /near" => (302, "location: /far\r\n".to_owned(), String::new()),
        _ => (302, location.clone(), String::new()),
    })
    .await;
    let call = Call::get(host.url("/near")).header("authorization", "Bearer hush");
    let reply = server.app.net.call(call).await.expect("an answer");
    assert_eq!(reply.body, b"hello");
    assert!(
        host.asked()
            .iter()
            .all(|asked| asked.headers.contains("bearer hush"))
    );
    let [there] = other.asked().try_into().expect("one call");
    assert_eq!(there.line, "GET /there");
    assert!(!there.headers.contains("hush"), "{}", there.headers);

    let call = Call::post(host.url("/form")).form([("secret", "hush")]);
    let reply = server.app.net.call(call).await.expect("an answer");
    assert_eq!((reply.status, other.asked().len()), (302, 1));
}

#[tokio::test]
async fn an_answer_has_a_greatest_size_and_a_time_to_be_there_by() {
    let server = TestServer::with(&[("net.allow", "localhost")]).await;
    let host = Host::start(|asked: &Asked| match asked.line.as_str() {
        "GET /never" => (0, String::new(), String::new()),
        "GET /around" => (302, "location: /around\r\n".to_owned(), String::new()),
        _ => (200, String::new(), "x".repeat(1000)),
    })
    .await;
    let net = &server.app.net;
    let fits = net.call(Call::get(host.url("/")).at_most(1000)).await;
    assert_eq!(fits.expect("it fits").body.len(), 1000);
    let trouble = net.call(Call::get(host.url("/")).at_most(999)).await;
    assert!(
        matches!(trouble, Err(Trouble::TooLarge { limit: 999, .. })),
        "{trouble:?}"
    );
    let call = Call::get(host.url("/never")).within(Duration::from_millis(200));
    let trouble = net.call(call).await;
    assert!(matches!(trouble, Err(Trouble::Slow { .. })), "{trouble:?}");
    let trouble = net
        .call(Call::get(host.url("/around")))
        .await
        .expect_err("no end");
    assert!(
        trouble.to_string().contains("redirects too often"),
        "{trouble}"
    );
    let trouble = net
        .call(Call::get("http://localhost:9/?hush"))
        .await
        .expect_err("nobody");
    assert!(matches!(&trouble, Trouble::Failed { .. }), "{trouble:?}");
    assert!(!format!("{trouble:?}").contains("hush"), "{trouble:?}");
}

#[test]
fn a_bad_exception_is_named_when_the_settings_are_read() {
    use ferrobyte::config::Config;
    use ferrobyte::config::resolve::{Given, Resolved};
    let given = Given {
        flags: [("net.allow", "10.0.0.0/64".to_owned())].into(),
        ..Given::default()
    };
    let faults = Config::parse(Resolved::new(&given).expect("settings")).expect_err("bad");
    assert!(faults.contains("net.allow"), "{faults}");
}
