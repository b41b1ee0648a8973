//! The contents that `vectors.py` has coded.

/// The content that a vector of this name decodes to.
pub(crate) fn content_of(vector: &str) -> Vec<u8> {
    let name = vector.split(['.', '-']).next().unwrap();
    match name {
        "empty" => Vec::new(),
        "short" => b"hello, hello, hello".to_vec(),
        "lines" => lines(4000),
        "noise" => noise(3000),
        "zeros" => vec![0; 300_000],
        "mixed" => [lines(300), noise(2000), lines(300), vec![0; 70_000], noise(2000), lines(320)].concat(),
        _ => panic!("{vector}"),
    }
}

fn lines(count: u64) -> Vec<u8> {
    const METHODS: [&str; 8] = ["GET", "HEAD", "PUT", "OPTIONS", "POST", "DELETE", "PATCH", "TRACE"];
    let line = |i: u64| {
        let method = METHODS[(i * i % 8) as usize];
        format!("{i} {method} /item/{}?page={} HTTP/1.1\n", i * i * 7919 % 9973, i * 31 % 600)
    };
    (0..count).map(line).collect::<String>().into_bytes()
}

pub(crate) fn noise(count: usize) -> Vec<u8> {
    let mut number = 1_u64;
    let next = |_| {
        number = number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (number >> 56) as u8
    };
    (0..count).map(next).collect()
}
