//! A meeting's note that three people write while they talk: headings, lists, a table, tasks.

use coscribe::random::SeededRandom;
use yrs::Any;

use super::desk::{Act::*, Person, Script, Written, play};

/// Monday, 1 June 2026, 08:00 UTC.
const BEGINS: u64 = 1_780_300_800_000;

const fn add(label: &'static str, to: &'static str, name: &'static str) -> super::desk::Act {
    Add { label, to, name, line: false }
}

const fn line(label: &'static str, to: &'static str, name: &'static str) -> super::desk::Act {
    Add { label, to, name, line: true }
}

pub(crate) fn write() -> Written {
    let random = SeededRandom::new(2);
    let mut ruth = Script::new(&random, 120, 45);
    ruth.act(Describe("Moving the library", "rich", ""));
    ruth.act(line("title", "", "heading")).act(Set("title", "level", Any::from(1)));
    ruth.types("Moving the library").pause(1.0);
    ruth.act(line("intro", "", "paragraph"));
    ruth.types("Monday morning, the small room. Everybody is on time except for the coffee.");
    ruth.pause(1.5).act(line("agenda", "", "heading")).act(Set("agenda", "level", Any::from(2)));
    ruth.types("What is to be settled").act(add("points", "", "bulletList"));
    ruth.act(line("p1", "points", "listItem")).types("When do we close the old reading room?");
    ruth.act(line("p2", "points", "listItem")).types("Who carries the atlases?");
    ruth.act(line("p3", "points", "listItem")).types("What about the cat?").pause(2.0);
    ruth.act(line("who", "", "heading")).act(Set("who", "level", Any::from(2)));
    ruth.types("Who does what");
    ruth.act(add("table", "", "table")).act(add("r0", "table", "tableRow"));
    ruth.act(line("h1", "r0", "tableHeader")).types("What");
    ruth.act(line("h2", "r0", "tableHeader")).types("Who");
    ruth.act(line("h3", "r0", "tableHeader")).types("By");
    for (row, cells, texts) in [
        ("r1", ["a1", "a2", "a3"], ["Order the crates", "Ben", "Thursday"]),
        ("r2", ["b1", "b2", "b3"], ["Tell the readers", "Ruth", "today"]),
        ("r3", ["c1", "c2", "c3"], ["Measure the lift", "Ilse", "Wednesday"]),
    ] {
        ruth.act(add(row, "table", "tableRow"));
        for (cell, text) in cells.into_iter().zip(texts) {
            ruth.act(line(cell, row, "tableCell")).types(text);
        }
        ruth.pause(1.2);
    }
    ruth.act(Wait("the lift takes nine crates")).pause(1.5);
    ruth.act(Version("After the meeting")).pause(20.0);
    ruth.act(Wait("Buy a longer ramp")).act(After("Moving the library")).types(", week by week");
    ruth.pause(2.0).act(Describe("Moving the library, week by week", "", ""));

    let mut ben = Script::new(&random, 150, 35);
    ben.act(Wait("Who carries the atlases?")).pause(2.0);
    ben.act(After("old reading room?")).types(" Friday the 12th, at noon.").pause(1.0);
    ben.act(Mark("Friday the 12th", "bold")).pause(4.0);
    ben.act(After("the atlases?")).types(" Four people each, nobody alone.").pause(3.0);
    ben.act(Wait("Wednesday")).act(line("todo", "", "heading"));
    ben.act(Set("todo", "level", Any::from(2))).types("Before Friday");
    ben.act(add("tasks", "", "taskList"));
    for (label, text) in [
        ("t1", "Number the shelves from the window side"),
        ("t2", "Find the key to the map room"),
        ("t3", "Buy a longer ramp"),
    ] {
        ben.act(line(label, "tasks", "taskItem")).act(Set(label, "checked", Any::Bool(false)));
        ben.types(text).pause(1.0);
    }
    ben.pause(6.0).act(Set("t2", "checked", Any::Bool(true))).pause(1.0);
    ben.act(After("the map room")).types(" (it was in the globe)");

    let mut ilse = Script::new(&random, 135, 50);
    ilse.act(Wait("What about the cat?")).pause(1.0);
    ilse.act(After("the cat?")).types(" It moves last").pause(1.2).takes_back(4);
    ilse.types("first, and decides the rest.").pause(3.0);
    ilse.act(After("for the coffee.")).types(" It arrived.").pause(2.0);
    ilse.act(Wait("Measure the lift")).pause(14.0);
    ilse.act(Wait("Before Friday")).act(line("note", "", "paragraph"));
    ilse.types("Measured: the lift takes nine crates, or one librarian and eight.").pause(2.0);
    ilse.act(Mark("nine crates", "italic")).pause(1.0);
    ilse.act(Cut("or one librarian and eight")).types("ten if nobody breathes").pause(1.0);

    play(vec![
        Person::new("Ruth", 310, BEGINS, ruth),
        Person::new("Ben", 2_044, BEGINS + 3_000, ben),
        Person::new("Ilse", 6_150, BEGINS + 5_000, ilse),
    ])
}
