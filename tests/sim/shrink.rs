//! Makes a failing history smaller: one option after the other is lowered as long as it still fails.
//!
//! Asks whether options fail; knows no reason why they do.

use crate::options::Options;

/// Attempts that a failure is worth.
const ATTEMPTS: usize = 150;

/// The smallest options found that still fail.
pub(crate) fn shrink(failing: &Options, fails: impl Fn(&Options) -> bool) -> Options {
    let mut smallest = failing.clone();
    let mut left = ATTEMPTS;
    loop {
        let before = smallest.clone();
        for option in 0..smallest.each().len() {
            while let Some(smaller) = lower(&smallest, option, &mut left, &fails) {
                smallest = smaller;
            }
        }
        if smallest == before || left == 0 {
            return smallest;
        }
    }
}

/// The options with this one as low as it can be made in one go.
fn lower(
    from: &Options,
    option: usize,
    left: &mut usize,
    fails: &impl Fn(&Options) -> bool,
) -> Option<Options> {
    let (name, value) =
        from.clone().each().into_iter().nth(option).map(|(name, it)| (name, *it))?;
    let least = Options::least(name)?;
    let candidates = [least, least + value.saturating_sub(least) / 2, value.saturating_sub(1)];
    let mut tried = Vec::new();
    for candidate in candidates.into_iter().filter(|it| (least..value).contains(it)) {
        if tried.contains(&candidate) || *left == 0 {
            continue;
        }
        tried.push(candidate);
        *left -= 1;
        let mut smaller = from.clone();
        *smaller.each().swap_remove(option).1 = candidate;
        if fails(&smaller) {
            return Some(smaller);
        }
    }
    None
}

#[test]
fn what_does_not_matter_is_lowered_to_the_least() {
    let failing = Options { steps: 300, people: 4, drops: 50, ..Options::of_seed(7) };
    let smallest = shrink(&failing, |options| options.steps >= 20 && options.people >= 2);
    assert_eq!((smallest.seed, smallest.people, smallest.drops), (7, 2, 0));
    assert!((20..40).contains(&smallest.steps), "{smallest}");
}
