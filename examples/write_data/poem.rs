//! A poem by two people who have second thoughts.

use coscribe::random::SeededRandom;

use super::desk::{Act::*, Person, Script, Written, play};

/// Saturday, 7 March 2026, 19:32 UTC.
const BEGINS: u64 = 1_772_911_920_000;

pub(crate) fn write() -> Written {
    let random = SeededRandom::new(1);
    let mut mara = Script::new(&random, 140, 38);
    mara.act(Describe("A poem", "markdown", "")).act(Start);
    mara.types("The harbour puts its lights away,\none window at a time.\n").pause(2.5);
    mara.types("A cat walks up and down the quay\nas though it owned the rhyme.\n\n");
    mara.act(Wait("something not yet due")).pause(1.5);
    mara.act(Cut("cat")).types("gull").pause(2.0);
    mara.act(Cut("puts")).types("folds").pause(3.0);
    mara.act(Wait("So do you.")).act(After("So do you.\n\n"));
    mara.types("Then, far out, a lamp appears,\ntoo slow to be a star,\n").pause(1.8);
    mara.types("and all of us who said goodbye\nforget how late we are.\n").pause(3.5);
    mara.act(Cut("lamp appears")).types("lantern moves").pause(1.0);
    mara.act(Version("First draft")).pause(40.0);
    mara.act(Wait("(is forget right?)")).pause(2.0);
    mara.act(Cut("forget how late")).types("remember where").pause(1.2);
    mara.act(Cut(" (is forget right?)")).pause(4.0);
    mara.act(Describe("The Last Ferry", "", "")).act(Start).types("# The Last Ferry\n\n");
    mara.pause(6.0).act(Version("Read aloud, and kept"));

    let mut jonas = Script::new(&random, 170, 30);
    jonas.act(Wait("one window at a time.")).pause(3.0);
    jonas.act(Wait("owned the rhyme.\n\n")).act(After("owned the rhyme.\n\n"));
    jonas.types("We sit with luggage at our feet\nfor something not yet due.\n").pause(2.2);
    jonas.types("The tide has got its own ideas").pause(1.6).takes_back(17);
    jonas.types("its own accounts\nand keeps them. ").pause(1.4).types("So do you.\n\n");
    jonas.act(Cut("luggage at our feet")).types("tickets in our hands").pause(1.0);
    jonas.act(Cut("sit")).types("wait").pause(2.6);
    jonas
        .act(Cut("accounts"))
        .types("timetable")
        .pause(1.0)
        .act(Cut("them"))
        .types("it")
        .pause(5.0);
    jonas.act(Wait("how late we are.")).pause(9.0);
    jonas.act(After("how late we are.")).types(" (is forget right?)").pause(8.0);
    jonas.act(Wait("# The Last Ferry")).pause(2.0);
    jonas.act(Cut("Then, far out,")).types("Then out beyond the wall").pause(2.5);
    jonas.takes_back(24).types("Then, far out,").pause(1.0);

    play(vec![
        Person::new("Mara", 1_201, BEGINS, mara),
        Person::new("Jonas", 3_402, BEGINS + 4_000, jonas),
    ])
}
