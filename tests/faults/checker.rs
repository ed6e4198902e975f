//! Compares what a store holds with what editors were told: the judge of every fault. Pure.

use std::collections::HashMap;

use crate::{
    journal::{Journal, Op},
    replica::Content,
};

/// Every way in which the content breaks a promise, a sentence each; none when all is well.
pub(crate) fn violations(journals: &[&Journal], content: &Content) -> Vec<String> {
    let mut found = Vec::new();
    let mut present = tokens(&content.text, &mut found);
    for journal in journals {
        check_tokens(journal, &mut present, &mut found);
        check_map(journal, content, &mut found);
    }
    found.extend(present.into_keys().map(|token| format!("nobody ever sent {token}")));
    let keys: Vec<_> = journals.iter().map(|journal| journal.key()).collect();
    let strange = content.map.keys().filter(|key| !keys.contains(key));
    found.extend(strange.map(|key| format!("nobody ever set {key}")));
    found
}

/// The tokens of a text and how often each is there.
fn tokens<'a>(text: &'a str, found: &mut Vec<String>) -> HashMap<&'a str, usize> {
    let mut present = HashMap::new();
    let mut rest = text;
    while !rest.is_empty() {
        let whole = rest.strip_prefix('⟦').and_then(|body| body.find('⟧').map(|end| (body, end)));
        let Some((body, end)) = whole.filter(|(body, end)| !body[..*end].contains('⟦')) else {
            let shown: String = rest.chars().take(40).collect();
            found.push(format!("the text is not made of whole tokens from {shown:?} on"));
            break;
        };
        let length = '⟦'.len_utf8() + end + '⟧'.len_utf8();
        *present.entry(&rest[..length]).or_insert(0) += 1;
        rest = &body[end + '⟧'.len_utf8()..];
    }
    present
}

fn check_tokens(journal: &Journal, present: &mut HashMap<&str, usize>, found: &mut Vec<String>) {
    let mut deleted = HashMap::new();
    for (index, op) in journal.ops.iter().enumerate() {
        if let Op::Delete(number) = op {
            deleted.insert(*number, index);
        }
    }
    for (index, op) in journal.ops.iter().enumerate() {
        let Op::Insert(number) = op else { continue };
        let token = journal.token(*number);
        let times = present.remove(&token[..]).unwrap_or(0);
        let deletion = deleted.get(number).copied();
        let delete_sent = deletion.is_some_and(|at| at < journal.sent);
        let delete_acked = deletion.is_some_and(|at| at < journal.acked);
        if times > 1 {
            found.push(format!("{token} is there {times} times"));
        }
        if times > 0 && index >= journal.sent {
            found.push(format!("{token} is there and was never sent"));
        }
        if times > 0 && delete_acked {
            found.push(format!("{token} is there although its deletion was acknowledged"));
        }
        if times == 0 && index < journal.acked && !delete_sent {
            found.push(format!("{token} was acknowledged and is lost"));
        }
    }
}

fn check_map(journal: &Journal, content: &Content, found: &mut Vec<String>) {
    let last = |ops: &[Op]| {
        ops.iter().rev().find_map(|op| if let Op::Set(value) = op { Some(*value) } else { None })
    };
    let (acked, sent) = (last(&journal.ops[..journal.acked]), last(&journal.ops[..journal.sent]));
    let (key, there) = (journal.key(), content.map.get(&journal.key()).copied());
    if there < acked {
        found.push(format!("{key} is {there:?} although {acked:?} was acknowledged"));
    }
    if there > sent {
        found.push(format!("{key} is {there:?} although no more than {sent:?} was sent"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn journal(sent: usize, acked: usize) -> Journal {
        let ops = vec![Op::Insert(1), Op::Insert(2), Op::Delete(1), Op::Set(5), Op::Insert(3)];
        Journal { editor: "ann".to_owned(), ops, sent, acked }
    }

    fn content(numbers: &[u64], value: Option<i64>) -> Content {
        let names = journal(0, 0);
        let map = value.map(|value| (names.key(), value)).into_iter().collect();
        Content { text: numbers.iter().map(|it| names.token(*it)).collect(), map }
    }

    fn found(journal: &Journal, content: &Content) -> String {
        violations(&[journal], content).join("; ")
    }

    #[test]
    fn what_was_sent_and_not_acknowledged_may_be_there_or_not() {
        let journal = journal(5, 2);
        for numbers in [&[2, 3][..], &[1, 2], &[2], &[1, 2, 3]] {
            assert_eq!(found(&journal, &content(numbers, None)), "");
            assert_eq!(found(&journal, &content(numbers, Some(5))), "");
        }
    }

    #[test]
    fn every_kind_of_broken_promise_is_found() {
        let all = journal(5, 5);
        assert_eq!(found(&all, &content(&[2, 3], Some(5))), "");
        for (content, expected) in [
            (content(&[3], Some(5)), "⟦ann:2: is lost"),
            (content(&[2, 2, 3], Some(5)), "is there 2 times"),
            (content(&[1, 2, 3], Some(5)), "although its deletion was acknowledged"),
            (content(&[2, 3, 9], Some(5)), "nobody ever sent ⟦ann:9:"),
            (content(&[2, 3], None), "kann is None although Some(5) was acknowledged"),
            (content(&[2, 3], Some(7)), "no more than Some(5) was sent"),
        ] {
            let found = found(&all, &content);
            let mut at = 0;
            for part in expected.split(' ') {
                let next = found[at..].find(part);
                at += next.unwrap_or_else(|| panic!("{found:?} does not say {expected:?}"));
            }
        }
        assert!(found(&journal(4, 2), &content(&[2, 3], None)).contains("was never sent"));
        let mut torn = content(&[2, 3], Some(5));
        torn.text.pop();
        assert!(found(&all, &torn).contains("not made of whole tokens"));
    }
}
