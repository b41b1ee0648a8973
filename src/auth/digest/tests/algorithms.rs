//! Each algorithm, against values that were made elsewhere.

use super::*;

/// A name, responses to the first and second request, and to the first with the next nonce; and proofs of the first and third.
///
/// In Python, with `user, realm, password, uri = "Jäsøn", "a realm", "open:sesame", "/dir/index.html?a=b"`:
///
/// ```text
/// a1 = h(user, realm, password)                                    # or, for -sess:
/// a1 = h(h(user, realm, password), "first nonce", "first-cnonce")  # and first-cnonce is the cnonce of all three
/// h(a1, "first nonce", "00000001", "first-cnonce", "auth", h("GET", uri)), and its proof with h("", uri)
/// h(a1, "first nonce", "00000002", "second-cnonce", "auth", h("POST", uri))
/// h(a1, "second nonce", "00000001", "second-cnonce", "auth", h("GET", uri)), and its proof with h("", uri)
/// ```
const TABLE: [(&str, [&str; 5]); 6] = [
    (
        "MD5",
        [
            "bb16fdcaef7633cd3406666fc554a743",
            "f47859884ec06ac527d3e5aeb2b52a5b",
            "3a34f51f03cd4c3eda7184bb331403e9",
            "34df709b37f737108d3e92fe85882872",
            "3b36efe22a4a8c02823cf5b517b8016a",
        ],
    ),
    (
        "MD5-sess",
        [
            "dbf0fac8b089cdf9f0fc5c70e7586865",
            "2027a2cd5558c559856cf10bc15cd29b",
            "58b3bec9cb1b9cfd19e5508cbbd44549",
            "9e87a57e39f8cf3295c0e0c0a15a1a8e",
            "b9cd351b459381480d0b273db38dce2f",
        ],
    ),
    (
        "SHA-256",
        [
            "653eafc4961ce87db350adbda2673a36924a1f0d86443e465ca6f45fb10f48ba",
            "655a086c35a199f1c9f23461e2ea779414ed09c81483d64fc533bfe895ea425f",
            "fdaa82f8b42b4881b4d84387ee96d0442ea5e7985141c6a79bf1f5375ffdad10",
            "0de39621f2d615d5bc1406727d6b1ec389efc528cfeb4ab8dd0e0d618d0ce89c",
            "384ce016139836c8df2b28a3043f26f7ff603a3c752749c2712a6c264e7632c9",
        ],
    ),
    (
        "SHA-256-sess",
        [
            "d75b88339925aa41818436db6064d13c29bbcb016cf06c73965a0d9280e1f07e",
            "4d07624a37374db060556b35afbe122f275ede6b3efdeea0fe93cd642d2cdabf",
            "e1cc61332d1ed60b727464f5a3ca93135015d1e74b610e2b283682e124566064",
            "c2eac757600b3d955a99c0379d9f74439cd506fb7e8956bcf27089c81637a6c2",
            "684234e6b66a78e07ae9bf9004e465246d42883bb7c29eb904e7d53587bf9106",
        ],
    ),
    (
        "SHA-512-256",
        [
            "acddcb9fe82c47209666f395a082f90159fbe2731fe81d0a0b0e28c498dcb293",
            "b62238d89c58de7df6eb6ac340f2c2200751f0de0f41116c3871c728ebd0a145",
            "f495cece4bd7b2658880a32ed805011e66c26265dc2502d46552ef93d2453b02",
            "5cf1d4f7f31573a3878c7c18b809809a547de2ddd6b95535deee5cbd3ec2066d",
            "f04a18d45de2c0f144025e1c66ab31c9f80ec9fefae27c5358b919418fec250c",
        ],
    ),
    (
        "SHA-512-256-sess",
        [
            "0a87189722f0e99d34e5716ebe8bcde2966bb75910eb69a7e581507d12ba5b93",
            "edd09dd9036dee7a38bd9a09d662355c13be59aa5f5ff28000dec0df54b62d0c",
            "a9eca2c679f364c2146e64928cdd0b92263d1a0cb845663b431a9f4c3a5b5510",
            "735bef446230fa7189a310ae0ab778cba496b4f0d2ae2d013311af60b26e9ba7",
            "2d3c04a66cce3965b3403074e98d96eeeed9f1fe069793bb94e611de77727e0a",
        ],
    ),
];

#[test]
fn each_algorithm_over_requests_and_nonces() {
    let uri = "/dir/index.html?a=b";
    let login = login("J\u{e4}s\u{f8}n", "open:sesame");
    for (name, [first, second, third, proof_of_first, proof_of_third]) in TABLE {
        let is_session = name.ends_with("-sess");
        let mut digest = digest(&format!(
            "Digest realm=\"a realm\", qop=auth, nonce=\"first nonce\", algorithm={}",
            name.to_lowercase()
        ));
        assert_eq!(digest.algorithm().name(), name);
        let check = |answer: &Secret, response: &str, nonce: &str, count: &str, cnonce: &str| {
            assert_eq!(value(answer, "response"), format!("\"{response}\""), "{name}");
            assert_eq!(value(answer, "nonce"), nonce, "{name}");
            assert_eq!(value(answer, "nc"), count, "{name}");
            assert_eq!(value(answer, "cnonce"), if is_session { "\"first-cnonce\"" } else { cnonce }, "{name}");
            // As the server wrote it.
            assert_eq!(value(answer, "algorithm"), name.to_lowercase());
        };
        let (answer, one) = digest.authorize(&login, "GET", uri, "first-cnonce");
        check(&answer, first, "\"first nonce\"", "00000001", "\"first-cnonce\"");
        let (answer, two) = digest.authorize(&login, "POST", uri, "second-cnonce");
        check(&answer, second, "\"first nonce\"", "00000002", "\"second-cnonce\"");

        let info = format!("rspauth=\"{proof_of_first}\", nc=00000001, nextnonce=\"second nonce\"");
        assert!(verify(&mut digest, &two, &info).is_err(), "{name}");
        assert_eq!(verify(&mut digest, &one, &info), Ok(()), "{name}");

        let (answer, three) = digest.authorize(&login, "GET", uri, "second-cnonce");
        check(&answer, third, "\"second nonce\"", "00000001", "\"second-cnonce\"");
        let info = format!("rspauth={}", proof_of_third.to_uppercase());
        assert_eq!(verify(&mut digest, &three, &info), Ok(()), "{name}");
    }
}

#[test]
fn algorithms_are_known_by_name_and_in_order() {
    assert!(Algorithm::ALL.is_sorted());
    for (algorithm, (name, _)) in Algorithm::ALL.into_iter().zip(TABLE) {
        assert_eq!(algorithm.name(), name);
        assert_eq!(Algorithm::from_name(&name.to_lowercase()), Some(algorithm));
        assert_eq!(algorithm.is_session(), name.ends_with("-sess"));
    }
    for name in ["", "MD4", "SHA", "SHA-1", "SHA-512", "MD5 ", "MD5-SESSION", "SHA-512-256-sess-sess"] {
        assert_eq!(Algorithm::from_name(name), None, "{name}");
    }
    assert!(Algorithm::Md5Session < Algorithm::Sha256 && Algorithm::Sha256Session < Algorithm::Sha512256);
}

#[test]
fn many_challenges_stand_on_one_line() {
    let one = |algorithm| {
        format!("Digest realm=\"a, b\", nonce=\"{algorithm}\", algorithm={algorithm}, qop=\"auth,auth-int\"")
    };
    let line = [one("SHA-512-256"), "Basic realm=\"a, b\"".into(), one("MD5"), one("fish"), one("SHA-256")].join(", ");
    let challenges = challenge::parse([line.as_bytes()].into_iter());
    assert_eq!(challenges.len(), 5);
    let digests: Vec<_> = challenges.iter().filter_map(|one| Digest::from_challenge(one, false).ok()).collect();
    let algorithms: Vec<_> = digests.iter().map(Digest::algorithm).collect();
    assert_eq!(algorithms, [Algorithm::Sha512256, Algorithm::Md5, Algorithm::Sha256]);
    assert_eq!(algorithms.iter().max(), Some(&Algorithm::Sha512256));
}
