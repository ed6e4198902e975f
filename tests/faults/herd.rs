//! A thousand people whose server is killed while they type, and who all come back at the same moment
//! with what they typed meanwhile: everybody is let in, everybody ends with the same, nothing that was
//! acknowledged is lost, and memory stays bounded.

use std::{collections::BTreeMap, time::Duration};

use tokio::time::{Instant, sleep};

use crate::{
    alone,
    bench::export,
    checker::violations,
    editor::{Editor, Online},
    journal::Journal,
    judge, note, rounds,
    server::{Launch, Server, raise_open_files},
    wire::{Framing, Gone},
};

const PEOPLE: usize = 1_000;
const DOCUMENTS: usize = 20;

/// Each types so slowly that two processors serve all of them, and this test as well.
const PACE: Duration = Duration::from_millis(700);

/// For everybody to be back.
const PATIENCE: Duration = Duration::from_secs(60);

/// KiB for a person: a connection, a session, and a queue with what the others bring meanwhile.
const BOUND: u64 = 64;

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_come_back_at_once_after_a_kill_and_end_with_the_same() {
    let _turn = alone().await;
    raise_open_files();
    let directory = tempfile::tempdir().expect("a temporary directory");
    let data = directory.path().join("store");
    let launch = Launch::new(&data, &directory.path().join("log")).seldom_sealing();
    let mut people: Vec<Editor> = (0..PEOPLE).map(person).collect();
    let (rounds, mut lost) = (rounds(1, 10), Vec::new());
    for round in 0..rounds {
        let mut server = launch.start().await;
        let here = all_come(people, &server).await;
        lost.extend(differences(&here));
        let typing = all(here, type_on);
        let killing = async {
            // In the middle of the second edit of most.
            sleep(PACE * 3 / 2).await;
            assert!(server.exited().is_none(), "it ended: {}", server.log_text());
            server.kill();
        };
        (people, ()) = tokio::join!(typing, killing);
        lost.extend(judged(&people, &data));
        for editor in &mut people {
            let _unsent = editor.type_something();
        }
        assert!(lost.is_empty(), "round {round}: {lost:?}");
    }
    // The last ones to come bring what was typed after the last kill.
    let server = launch.start().await;
    let here = all_come(people, &server).await;
    lost.extend(differences(&here));
    people = here.into_iter().map(|(editor, _)| editor).collect();
    let unsaved = people.iter().filter(|it| it.journal.acked < it.journal.ops.len()).count();
    assert_eq!(unsaved, 0, "people who were not told that all is saved");
    server.kill();
    lost.extend(judged(&people, &data));
    let acked = people.iter().map(|editor| editor.journal.acked).sum();
    judge("herd", rounds, acked, &lost);
}

/// Lets everybody come at once, and looks at what that takes.
async fn all_come(people: Vec<Editor>, server: &Server) -> Vec<(Editor, Online)> {
    let (before, began) = (server.rss_kib(), Instant::now());
    let here = all(people, |editor| come(editor, server.port)).await;
    let here = all(here, refresh).await;
    let (took, grown) = (began.elapsed(), server.peak_kib().saturating_sub(before));
    let each = grown / PEOPLE as u64;
    note(&format!("herd: {PEOPLE} came at once in {took:.1?}, {each} KiB each"));
    assert!(each < BOUND, "the server grew by {grown} KiB");
    here
}

fn person(number: usize) -> Editor {
    let framing = [Framing::Hocuspocus, Framing::YWebsocket][number / DOCUMENTS % 2];
    let document = format!("square-{}", number % DOCUMENTS);
    Editor::new(&format!("p{number}"), &document, framing, number as u64)
}

/// Everybody at once.
async fn all<T, U, F>(people: Vec<T>, act: impl Fn(T) -> F) -> Vec<U>
where
    F: Future<Output = U> + Send + 'static,
    U: Send + 'static,
{
    let acting: Vec<_> = people.into_iter().map(|it| tokio::spawn(act(it))).collect();
    let mut done = Vec::new();
    for acting in acting {
        done.push(acting.await.expect("nobody panics"));
    }
    done
}

/// Comes, again and again if need be, until everything typed so far is saved.
fn come(mut editor: Editor, port: u16) -> impl Future<Output = (Editor, Online)> + use<> {
    let deadline = Instant::now() + PATIENCE;
    async move {
        loop {
            match editor.go_online(port).await {
                Ok(online) => return (editor, online),
                Err(gone) => {
                    let name = &editor.journal.editor;
                    assert!(Instant::now() < deadline, "{name} is not let in: {gone:?}");
                    sleep(Duration::from_millis(200)).await;
                }
            }
        }
    }
}

/// Asks for everything that the others have brought.
async fn refresh((mut editor, mut online): (Editor, Online)) -> (Editor, Online) {
    let refreshed = editor.refresh(&mut online).await;
    refreshed.unwrap_or_else(|gone| panic!("{}: {gone:?}", editor.journal.editor));
    (editor, online)
}

/// Types until the connection ends.
async fn type_on((mut editor, mut online): (Editor, Online)) -> Editor {
    let ended: Result<(), Gone> = editor.type_for(&mut online, PACE, PATIENCE).await;
    assert!(ended.is_err(), "the server was not killed");
    editor
}

/// Documents of which people have different copies, when all are saved and everybody has asked.
fn differences(here: &[(Editor, Online)]) -> Vec<String> {
    let mut found = Vec::new();
    for (document, editors) in by_document(here.iter().map(|(editor, _)| editor)) {
        let contents: Vec<_> = editors.iter().map(|it| it.replica.content()).collect();
        if contents.windows(2).any(|pair| pair[0] != pair[1]) {
            found.push(format!("{document}: people have different copies"));
        }
        let journals: Vec<&Journal> = editors.iter().map(|editor| &editor.journal).collect();
        found.extend(contents.first().into_iter().flat_map(|it| violations(&journals, it)));
    }
    found
}

/// What is lost in the store.
fn judged(people: &[Editor], data: &std::path::Path) -> Vec<String> {
    let mut found = Vec::new();
    for (document, editors) in by_document(people.iter()) {
        let content = export(document, data).expect("the document can be exported");
        let journals: Vec<&Journal> = editors.iter().map(|editor| &editor.journal).collect();
        found.extend(violations(&journals, &content));
    }
    found
}

fn by_document<'a>(people: impl Iterator<Item = &'a Editor>) -> BTreeMap<&'a str, Vec<&'a Editor>> {
    let mut documents = BTreeMap::<&str, Vec<&Editor>>::new();
    for editor in people {
        documents.entry(&editor.document).or_default().push(editor);
    }
    documents
}
