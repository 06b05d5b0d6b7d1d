//! Sessions of the pages, below the pages themselves; the browser walk tests those.

use std::net::IpAddr;

use ferrobyte::error::Error;
use ferrobyte::ops::{people, sessions, setup};

use crate::support::{EMAIL, PASSWORD, TestServer};

const SOURCE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

#[tokio::test]
async fn a_session_lasts_until_it_ends_or_runs_out() {
    let server = TestServer::start().await;
    let app = &server.app;
    let begun = sessions::begin(
        app,
        SOURCE,
        &format!(" {} ", EMAIL.to_uppercase()),
        PASSWORD,
    )
    .await
    .expect("in");
    let cookie = begun.cookie.reveal();
    let caller = sessions::caller(app, cookie)
        .await
        .expect("asked")
        .expect("somebody");
    assert_eq!(caller.user().email, EMAIL);
    assert!(caller.is_instance_admin());
    assert!(
        sessions::caller(app, "nonsense")
            .await
            .expect("asked")
            .is_none()
    );
    sessions::end(app, cookie).await.expect("out");
    assert!(
        sessions::caller(app, cookie)
            .await
            .expect("asked")
            .is_none()
    );

    let begun = sessions::begin(app, SOURCE, EMAIL, PASSWORD)
        .await
        .expect("in");
    server.wait(7 * 86_400 - 1);
    assert!(
        sessions::caller(app, begun.cookie.reveal())
            .await
            .expect("asked")
            .is_some()
    );
    server.wait(1);
    assert!(
        sessions::caller(app, begun.cookie.reveal())
            .await
            .expect("asked")
            .is_none()
    );
}

#[tokio::test]
async fn wrong_pairs_are_refused_in_one_voice() {
    let server = TestServer::start().await;
    for (email, password) in [
        (EMAIL, "wrong"),
        ("eve@example.org", PASSWORD),
        ("", ""),
        ("a\0b@c", "x"),
        (EMAIL, ""),
    ] {
        let refused = sessions::begin(&server.app, SOURCE, email, password).await;
        let Err(Error::Unauthenticated(why)) = refused else {
            panic!("{email}: {refused:?}")
        };
        assert_eq!(why, "The e-mail or the password is wrong.");
    }
}

#[tokio::test]
async fn a_new_password_ends_every_session() {
    let server = TestServer::start().await;
    let app = &server.app;
    let begun = sessions::begin(app, SOURCE, EMAIL, PASSWORD)
        .await
        .expect("in");
    let caller = sessions::caller(app, begun.cookie.reveal())
        .await
        .expect("asked")
        .expect("somebody");
    let refused = sessions::change_password(app, &caller, SOURCE, "wrong", "a new password").await;
    assert!(matches!(refused, Err(Error::Invalid { .. })));
    let refused = sessions::change_password(app, &caller, SOURCE, PASSWORD, "short").await;
    assert!(matches!(refused, Err(Error::Invalid { .. })));
    sessions::change_password(app, &caller, SOURCE, PASSWORD, "a new password")
        .await
        .expect("changed");
    assert!(
        sessions::caller(app, begun.cookie.reveal())
            .await
            .expect("asked")
            .is_none()
    );
    assert!(sessions::begin(app, SOURCE, EMAIL, PASSWORD).await.is_err());
    sessions::begin(app, SOURCE, EMAIL, "a new password")
        .await
        .expect("in");
}

#[tokio::test]
async fn a_removed_person_is_signed_out() {
    let server = TestServer::start().await;
    let app = &server.app;
    let name = "Eve".to_owned().try_into().expect("a name");
    let email = "eve@example.org".parse().expect("an address");
    let (eve, password) = people::create(app, name, email, None)
        .await
        .expect("a person");
    let begun = sessions::begin(app, SOURCE, &eve.email, password.reveal())
        .await
        .expect("in");
    people::remove(app, eve.id).await.expect("removed");
    assert!(
        sessions::caller(app, begun.cookie.reveal())
            .await
            .expect("asked")
            .is_none()
    );
}

#[tokio::test]
async fn a_password_that_the_operator_changes_is_in_effect_for_the_first_log_in() {
    let server = TestServer::start().await;
    let before = sessions::begin(&server.app, SOURCE, EMAIL, PASSWORD)
        .await
        .expect("in");
    let config = crate::support::config(&[("admin.password", "the operator's new one")]);
    let (app, _) = setup::start_on(server.app.db.clone(), config, server.app.clock.clone())
        .await
        .expect("a later start");
    let old = sessions::begin(&app, SOURCE, EMAIL, PASSWORD).await;
    assert!(matches!(old, Err(Error::Unauthenticated(_))), "{old:?}");
    sessions::begin(&app, SOURCE, EMAIL, "the operator's new one")
        .await
        .expect("in");
    let left = sessions::caller(&app, before.cookie.reveal())
        .await
        .expect("asked");
    assert!(
        left.is_none(),
        "whoever signed in with the old one is signed out"
    );
}
