//! What a store keeps: servers that stop and start again under clients that notice and come back.

use coscribe::client::Status;

use crate::harness::{open, serve};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_come_back_by_themselves_with_what_they_typed_meanwhile() {
    let directory = tempfile::tempdir().expect("a directory");
    let server = serve(Some(directory.path()), "127.0.0.1:0").await;
    let address = server.addresses()[0].to_string();
    let (ada, linus) = (open(&server, "notes"), open(&server, "notes"));
    ada.edit(|text| text.push("before. ")).expect("may edit");
    ada.saved().await.expect("may edit");
    let mut status = ada.status();
    server.stop().await.expect("stops");
    status
        .wait_for(|status| matches!(status, Status::Offline { .. }))
        .await
        .expect("still running");
    ada.edit(|text| text.push("meanwhile. ")).expect("may edit");
    let server = serve(Some(directory.path()), &address).await;
    ada.saved().await.expect("may edit");
    linus.until(|text| text == "before. meanwhile. ").await.expect("welcome");
    server.stop().await.expect("stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_server_on_the_same_directory_does_not_start() {
    let directory = tempfile::tempdir().expect("a directory");
    let first = serve(Some(directory.path()), "127.0.0.1:0").await;
    let path = directory.path().to_path_buf();
    let second = tokio::spawn(async move { serve(Some(&path), "127.0.0.1:0").await }).await;
    assert!(second.is_err(), "two servers share a directory");
    first.stop().await.expect("stops");
}
