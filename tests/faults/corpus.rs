//! Hostile inputs as anybody could send them: each is known to abort, hang, poison or bloat a
//! server that hands client bytes to its CRDT unchecked. Bytes only; how they are sent is elsewhere.

/// An input and its name.
pub(crate) type Hostile = (&'static str, Vec<u8>);

/// Found by fuzzing, as hex.
const FOUND: &[(&str, &str)] = &[
    ("client count of 256 million", "ffffff7a"),
    ("gap that later becomes undefined behaviour", "0101020407010174030170010400"),
    ("gap inside a list", "0101021429010178016204677569647d0c00"),
    (
        "panic in a destructor",
        "010502ffffffffffffffffff0104010174016884020002656c840202076c6f20f09f9880c60200020101620474\
         727565c6020202030162046e756c6c00",
    ),
    ("endless loop over clocks", "010302ffffffff0f0a03000406010174016904747275650101011304"),
    (
        "endless loop on reading",
        "030004080102ffffffff07000504020800030a05000166030d0162046e756c6c010200",
    ),
    ("panic in the block store", "010101ffffffff0f6703100600"),
    ("state that can no longer be encoded", "0101031742010a00010300"),
    ("state that can no longer be encoded, another", "0101040700020102011003"),
    ("state that can no longer be decoded", "0101040682030202077b2261223a317d0131010200"),
    ("clock at its end", "010109feffffff0f04010174017800"),
    (
        "version 2 run lengths",
        "0001000403014301048002024202900107470007000400280905707874617401420001000203060101ffffff7a\
         044077017600",
    ),
    ("valid, and endless when read as a list", "01010100040101610a68656c6c6f20f09f988000"),
];

/// All of them.
pub(crate) fn hostile() -> Vec<Hostile> {
    let mut all: Vec<Hostile> = FOUND.iter().map(|(name, hex)| (*name, bytes_of(hex))).collect();
    all.extend([
        ("nothing", Vec::new()),
        ("one byte", vec![0xff]),
        ("number without end", vec![0xff; 64]),
        ("400 million clients", number(400_000_000)),
        ("400 million blocks", [number(1), number(400_000_000), number(1), number(0)].concat()),
        ("nested map of 200 million keys", map_bomb()),
        ("values nested 50 000 deep", nested_values(50_000)),
        ("types nested 60 000 deep", nested_types(60_000)),
        ("60 000 clients without blocks", empty_clients(60_000)),
        ("deleted run of 4 billion", run(1, u32::MAX.into())),
        ("collected run of 4 billion", run(0, u32::MAX.into())),
        ("gap at the start of a client", gap(7, 5)),
        ("8 000 clients in one update", many_clients(8_000)),
        ("100 000 deletions of an unknown client", unknown_deletions(100_000)),
    ]);
    all
}

fn number(mut value: u64) -> Vec<u8> {
    let mut out = Vec::new();
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
    out
}

fn bytes_of(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
    let pair = |pair: &[u8]| {
        let text = std::str::from_utf8(pair).expect("hex digits are ASCII");
        u8::from_str_radix(text, 16).expect("two hex digits")
    };
    digits.chunks(2).map(pair).collect()
}

/// One client, one block at clock 0, a value in the list `a`.
fn value_head() -> Vec<u8> {
    vec![1, 1, 9, 0, 8, 1, 1, b'a', 1]
}

fn map_bomb() -> Vec<u8> {
    [value_head(), vec![118], number(200_000_000)].concat()
}

fn nested_values(depth: usize) -> Vec<u8> {
    [value_head(), [117, 1].repeat(depth), vec![126, 0]].concat()
}

fn nested_types(depth: u64) -> Vec<u8> {
    let mut out = [number(1), number(depth), number(11), number(0)].concat();
    for level in 0..depth {
        match level {
            0 => out.extend([7, 1, 1, b'a', 0]),
            _ => out.extend([vec![7, 0], number(11), number(level - 1), vec![0]].concat()),
        }
    }
    out.push(0);
    out
}

fn empty_clients(count: u64) -> Vec<u8> {
    let mut out = number(count);
    for client in 1..=count {
        out.extend([number(0), number(client), number(0)].concat());
    }
    out.push(0);
    out
}

/// A block of content kind 0 (collected) or 1 (deleted).
fn run(kind: u8, length: u64) -> Vec<u8> {
    let parent: &[u8] = if kind == 0 { &[] } else { &[1, 1, b't'] };
    [&[1, 1, 13, 0, kind], parent, &number(length), &[0]].concat()
}

fn gap(client: u64, clock: u64) -> Vec<u8> {
    [number(1), number(1), number(client), number(clock), vec![4, 1, 1, b't', 1, b'x', 0]].concat()
}

fn many_clients(count: u64) -> Vec<u8> {
    let mut out = number(count);
    for client in 1..=count {
        out.extend([number(1), number(client), number(0), vec![4, 1, 1, b't', 1, b'x']].concat());
    }
    out.push(0);
    out
}

fn unknown_deletions(ranges: u64) -> Vec<u8> {
    let mut out = [number(0), number(1), number(17), number(ranges)].concat();
    for range in 0..ranges {
        out.extend([number(range * 2), number(1)].concat());
    }
    out
}
