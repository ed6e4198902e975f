//! A recipe that somebody deletes by mistake and somebody else brings back.

use coscribe::random::SeededRandom;

use super::desk::{Act::*, Person, Script, Written, play};

/// Sunday, 12 April 2026, 07:15 UTC.
const BEGINS: u64 = 1_775_978_100_000;

pub(crate) fn write() -> Written {
    let random = SeededRandom::new(4);
    let mut noor = Script::new(&random, 130, 45);
    noor.act(Describe("Sunday bread", "markdown", "")).act(Start);
    noor.types("# Sunday bread\n\nFor one loaf, or two if you are alone and patient.\n\n");
    noor.types("- 500 g flour, a third of it rye\n- 350 g water, as warm as a hand\n");
    noor.types("- 10 g salt\n- a spoon of last week's dough\n\n").pause(3.0);
    noor.types("Mix everything on Saturday evening, badly. ");
    noor.types("Fold it once before bed and once before coffee.\n");
    noor.act(Wait("the crust sings")).pause(2.0).act(Version("As baked")).pause(75.0);
    // The hand meant another window.
    noor.act(CutAll).pause(0.8).types("milk, stamps, cat food").pause(2.4);
    noor.pause(20.0).act(Wait("the crust sings")).pause(5.0);
    noor.act(After("when the crust sings.\n"))
        .types("\nSorry about that. It was the shopping list.\n");

    let mut emil = Script::new(&random, 160, 40);
    emil.act(Wait("once before coffee.\n")).pause(2.0);
    emil.act(After("once before coffee.\n"));
    emil.types("Bake it hot, 250 degrees, in a pot with its lid on. ").pause(1.0);
    emil.types("Take the lid off after half an hour; it is done when the crust sings.\n");
    emil.act(Wait("cat food")).pause(6.0);
    emil.act(After("cat food")).types("\n\nNoor, where is the bread?").pause(4.0);
    emil.act(Restore("As baked")).pause(3.0);
    emil.act(Wait("shopping list.")).pause(4.0);
    emil.act(After("- 10 g salt")).types(", or 12 if you like butter").pause(1.0);
    emil.act(Version("The bread is back"));

    play(vec![
        Person::new("Noor", 901, BEGINS, noor),
        Person::new("Emil", 4_220, BEGINS + 9_000, emil),
    ])
}
