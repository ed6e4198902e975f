//! Replays of the saved documents in `data/`: what is drawn, when, and what keys do.

use std::{fs, path::Path, sync::Arc, time::Duration};

use super::{player::Wish, source::address, terminal::wishes, *};
use crate::{
    cli::saved,
    clock::Timestamp,
    history::{self, saved::Header},
    ids::Seq,
    storage::StoredEntry,
};

fn data(name: &str) -> String {
    format!("{}/data/{name}.coscribe", env!("CARGO_MANIFEST_DIR"))
}

fn recording(name: &str) -> Recording {
    let file = source::open(&data(name), None).unwrap();
    store::on_large_stack(|| Recording::read(file)).unwrap()
}

fn player(recording: &Recording, from: usize, speed: &str) -> Player {
    Player::new(&recording.times, from..recording.film.rows(), speed.parse().unwrap())
}

fn run(line: &[&str]) -> Result<String, String> {
    #[derive(Debug, clap::Parser)]
    struct Alone {
        #[command(flatten)]
        arguments: ReplayArguments,
    }
    let words = std::iter::once("replay").chain(line.iter().copied());
    let alone = <Alone as clap::Parser>::try_parse_from(words).map_err(|it| it.to_string())?;
    let mut out = Vec::new();
    replay(&alone.arguments, &mut out).map_err(|error| format!("{error:#}"))?;
    Ok(String::from_utf8(out).unwrap())
}

#[test]
fn without_a_terminal_the_text_is_told() {
    let told = run(&[&data("poem")]).unwrap();
    assert!(told.starts_with("The Last Ferry\n594 edits by Mara, Jonas, 2026-03-07"), "{told}");
    assert!(told.ends_with("remember where we are.\n"), "{told}");
    let draft = run(&[&data("poem"), "--to", "First draft"]).unwrap();
    assert!(draft.ends_with("forget how late we are.\n"), "{draft}");
    let begun = run(&[&data("poem"), "--to", "40"]).unwrap();
    assert!(begun.contains("40 edits by") && begun.contains("The harbour puts its"), "{begun}");
    for (line, expected) in [
        (["--to", "9999"], "there is no edit 9999: the last one is 594"),
        (["--to", "Third draft"], "there is no version `Third draft`; there are `First draft`, "),
        (["--to", "120%"], "between 0% and 100%"),
        (["--speed", "0"], "a speed is a number"),
        (["--size", "9x9"], "a size looks like 80x24"),
    ] {
        let error = run(&[&data("poem"), line[0], line[1]]).unwrap_err();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn rich_text_is_shown_as_people_write_it_in_letters() {
    let told = run(&[&data("meeting")]).unwrap();
    for line in [
        "# Moving the library, week by week\n\n",
        "\n• What about the cat? It moves first, and decides the rest.\n\n## Who does what\n",
        "\nWhat  │  Who  │  By\nOrder the crates  │  Ben  │  Thursday\n",
        "\n☐ Buy a longer ramp\n\nMeasured: the lift takes nine crates, ten if nobody breathes.\n",
    ] {
        assert!(told.contains(line), "{line:?} in {told}");
    }
}

#[test]
fn pictures_fill_the_screen_and_are_the_same_every_time() {
    let line = [&data("mistake")[..], "--frames", "-", "--speed", "8", "--size", "60x18"];
    let (told, again) = (run(&line).unwrap(), run(&line).unwrap());
    assert_eq!(told, again);
    let pictures: Vec<&str> = told.split_terminator('\x0c').collect();
    assert!(pictures.len() > 50, "{}", pictures.len());
    for picture in &pictures {
        assert_eq!(picture.lines().count(), 18);
        assert!(picture.lines().all(|line| line.chars().count() <= 60), "{picture}");
        assert!(!picture.contains('\x1b'));
    }
    assert!(pictures.iter().any(|it| it.contains("where is the bread?")));
    let last = pictures[pictures.len() - 1];
    assert!(last.contains("Sorry about that.") && last.contains("528 of 528"), "{last}");
}

#[test]
fn every_letter_has_its_authors_colour_and_the_caret_is_in_sight() {
    let recording = recording("poem");
    let mut screen = Screen::new(&recording, Look { colours: true, keys: true });
    for rows in [30, 200, 400, 594] {
        let player = player(&recording, rows, "1");
        let picture = screen.draw(&player, (60, 14));
        assert_eq!(picture.len(), 14);
        assert!(picture.iter().any(|line| line.contains("\x1b[7;38;5;")), "{rows}: {picture:#?}");
    }
    let picture = screen.draw(&player(&recording, 594, "1"), (80, 30)).join("\n");
    assert!(picture.contains("\x1b[38;5;33mone window at a time."), "{picture}");
    assert!(picture.contains("\x1b[38;5;166mfor something not yet due."), "{picture}");
    assert!(picture.contains("space pause"));
}

#[test]
fn what_a_terminal_would_act_on_is_not_sent_to_it() {
    let mut recording = recording("poem");
    recording.title = "a\x1b]0;b\x07".into();
    recording.names[0] = "c\x1b[2Jd".into();
    let mut screen = Screen::new(&recording, Look { colours: false, keys: false });
    let picture = screen.draw(&player(&recording, 9, "1"), (80, 24)).concat();
    assert!(!picture.contains(['\x1b', '\x07']), "{picture}");
}

#[test]
fn time_passes_as_fast_as_somebody_wishes_and_long_pauses_are_cut() {
    let recording = recording("poem");
    let mut slow = player(&recording, 0, "1");
    let mut fast = player(&recording, 0, "8");
    slow.pass(Duration::from_secs(16));
    fast.pass(Duration::from_secs(2));
    assert!(slow.rows() > 20 && slow.rows() == fast.rows(), "{} {}", slow.rows(), fast.rows());
    // Forty seconds of thought after the first draft.
    let draft = recording.versions[0].1;
    let mut player = player(&recording, draft, "1");
    player.pass(Duration::from_secs(5));
    assert!(player.rows() > draft);

    player.wish(Wish::Pause);
    let paused = player.rows();
    player.pass(Duration::from_secs(60));
    assert_eq!(player.rows(), paused);
    player.wish(Wish::Step(-3));
    assert_eq!(player.rows(), draft.max(paused - 3));
    player.wish(Wish::End);
    assert!(player.is_at_end() && !player.is_over());
    player.wish(Wish::Pause);
    assert_eq!(player.rows(), draft, "from the beginning again");
    for _ in 0..20 {
        player.wish(Wish::Faster);
    }
    assert_eq!(player.speed().to_string(), "max");
    player.wish(Wish::Slower);
    assert_eq!(player.speed().to_string(), "256×");
}

#[test]
fn a_past_of_one_moment_ends_at_any_speed() {
    for speed in ["4", "max"] {
        let times = [Timestamp(7), Timestamp(7)];
        let mut player = Player::new(&times, 0..2, speed.parse().unwrap());
        player.pass(Duration::from_secs(3));
        assert!(player.is_at_end(), "{speed}");
    }
}

#[test]
fn every_edit_can_be_stepped_to() {
    let recording = recording("mistake");
    let mut player = player(&recording, 0, "1");
    for rows in 1..=recording.film.rows() {
        player.wish(Wish::Step(1));
        assert!(player.rows() >= rows, "{rows}");
    }
    player.wish(Wish::Start);
    assert_eq!(player.rows(), 0);
    assert_eq!(player.until_next(), Some(Duration::from_millis(1)));
}

#[test]
fn keys_are_understood_however_terminals_send_them() {
    let all = b" +-\x1b[C\x1bOD\x1b[5~x\x1b[15~.q";
    let expected = [
        Wish::Pause,
        Wish::Faster,
        Wish::Slower,
        Wish::Step(10),
        Wish::Step(-10),
        Wish::Step(-100),
        Wish::Step(1),
        Wish::Quit,
    ];
    assert_eq!(wishes(all), expected);
    assert_eq!(wishes(b"\x1b"), [Wish::Quit]);
    assert_eq!(wishes(b"\x1b["), []);
}

#[test]
fn a_document_of_a_server_is_named_by_any_of_its_addresses() {
    let file = "http://h:1/api/v1/documents/a%2Fb/export.coscribe";
    for source in ["http://h:1/d/a%2Fb", "ws://h:1/ws/a%2Fb?x=1", "http://h:1/h/a%2Fb#e=3", file] {
        assert_eq!(address(source).unwrap().as_deref(), Some(file), "{source}");
    }
    assert_eq!(
        address("wss://h/ws/x").unwrap().as_deref(),
        Some("https://h/api/v1/documents/x/export.coscribe")
    );
    assert_eq!(address("notes").unwrap(), None);
    assert!(address("http://h:1/").is_err() && address("http://h:1/x/y").is_err());
}

/// The poem after its first edits were cut off, as a file in this folder.
fn cut_poem(folder: &Path) -> String {
    let file = fs::read(data("poem")).unwrap();
    let mut reader = history::saved::Reader::open(&file[..], saved::BOUNDS).unwrap();
    let header = reader.header().clone();
    let mut past = history::Past::new(header.life);
    let mut entries = Vec::new();
    while let Some(entry) = reader.next_entry().unwrap() {
        let stored = StoredEntry { seq: Seq(entries.len() as u64 + 1), entry };
        past.push(&stored).unwrap();
        entries.push(stored);
    }
    let mut left = entries.split_off(299);
    left[0].entry.update = past.state(Seq(300)).unwrap();
    left[0].entry.author = Arc::new(crate::identity::Author {
        kind: crate::identity::AuthorKind::Server,
        user: "".into(),
        name: "".into(),
        connection: 0,
    });
    let mut survey = history::saved::Survey::default();
    left.iter().for_each(|stored| survey.add(stored));
    let Header { life, title, kind, lang, created, saved, .. } = header;
    let subject = history::saved::Subject { life, title, kind, lang, created, saved };
    let mut writer = survey.write(Vec::new(), subject, &[]).unwrap();
    left.iter().for_each(|stored| writer.entry(&stored.entry).unwrap());
    let path = folder.join("cut.coscribe");
    fs::write(&path, writer.finish().unwrap()).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn a_past_without_its_beginning_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let cut = cut_poem(folder.path());
    let told = run(&[&cut]).unwrap();
    let head = told.lines().nth(1).unwrap();
    assert!(head.starts_with("295 edits by earlier authors, "), "{head}");
    assert!(head.ends_with(" UTC; earlier edits were not kept"), "{head}");
    assert!(told.ends_with("remember where we are.\n"), "{told}");
    let last = |file: &str| {
        let told = run(&[file, "--frames", "-", "--speed", "max", "--size", "60x18"]).unwrap();
        told.split('\x0c').next().unwrap().trim_end().lines().next_back().unwrap().to_owned()
    };
    assert_eq!(last(&cut), "  earlier edits were not kept");
    assert!(last(&data("poem")).contains(" of 594 "));
}
