//! Finds what somebody probably meant.

/// The candidates that resemble `word`, best first, at most `limit`: those within a few changed
/// letters, and those that contain it.
pub(crate) fn similar<'a>(
    word: &str,
    candidates: impl Iterator<Item = &'a str>,
    limit: usize,
) -> Vec<&'a str> {
    let word = word.to_lowercase();
    let allowed = word.chars().count() / 3 + 1;
    let mut found: Vec<_> = candidates
        .filter_map(|candidate| {
            let lower = candidate.to_lowercase();
            let distance = distance(&word, &lower);
            (distance <= allowed || lower.contains(&word)).then_some((distance, candidate))
        })
        .collect();
    found.sort_unstable();
    found.truncate(limit);
    found.into_iter().map(|(_, candidate)| candidate).collect()
}

/// How many letters must be inserted, removed or replaced (Levenshtein).
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in right.iter().enumerate() {
            let replaced = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_keyboard_finds_what_was_meant() {
        let names = ["listen", "open", "data", "allow-host", "allow-origin"];
        let find = |word| similar(word, names.into_iter(), 2);
        assert_eq!(find("lisen"), ["listen"]);
        assert_eq!(find("Data"), ["data"]);
        assert_eq!(find("allow"), ["allow-host", "allow-origin"]);
        assert!(find("zzzzzz").is_empty());
    }

    #[test]
    fn distance_counts_changed_letters() {
        for (left, right, expected) in
            [("", "", 0), ("", "abc", 3), ("kitten", "sitting", 3), ("flaw", "lawn", 2)]
        {
            assert_eq!(distance(left, right), expected, "{left} {right}");
            assert_eq!(distance(right, left), expected, "{right} {left}");
        }
    }
}
