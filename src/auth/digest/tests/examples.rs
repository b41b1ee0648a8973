//! The examples of the RFCs, to the letter.

use super::*;

/// Section 3.9.1: one challenge for each algorithm.
fn section_3_9_1(algorithm: &str) -> (Secret, Proof, Digest) {
    let mut digest = digest(&format!(
        "Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", algorithm={algorithm}, \
         nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\""
    ));
    let cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";
    let (answer, proof) = digest.authorize(&login("Mufasa", "Circle of Life"), "GET", "/dir/index.html", cnonce);
    (answer, proof, digest)
}

#[test]
fn rfc_7616_section_3_9_1_md5() {
    let (answer, proof, mut digest) = section_3_9_1("MD5");
    assert_eq!(
        answer.expose(),
        "Digest username=\"Mufasa\", realm=\"http-auth@example.org\", uri=\"/dir/index.html\", algorithm=MD5, \
         nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", nc=00000001, \
         cnonce=\"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ\", qop=auth, \
         response=\"8ca523f5e9506fed4657c9700eebdbec\", opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\""
    );
    // Not in the RFC.
    let info = "rspauth=\"9b712497bc9f91499fbcca1dfc5f09a5\", qop=auth, nc=00000001, \
                cnonce=\"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ\"";
    assert_eq!(verify(&mut digest, &proof, info), Ok(()));
}

#[test]
fn rfc_7616_section_3_9_1_sha_256() {
    let (answer, proof, mut digest) = section_3_9_1("SHA-256");
    assert_eq!(
        answer.expose(),
        "Digest username=\"Mufasa\", realm=\"http-auth@example.org\", uri=\"/dir/index.html\", algorithm=SHA-256, \
         nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", nc=00000001, \
         cnonce=\"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ\", qop=auth, \
         response=\"753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1\", \
         opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\""
    );
    let info = "rspauth=\"86d3b25618d41854ca5039a5d7e53ff6355d5134a9b1fb088a78ac3c462195a0\"";
    assert_eq!(verify(&mut digest, &proof, info), Ok(()));
}

/// Section 3.9.2, with and without a hashed name.
///
/// The username and the response that the RFC prints are not of SHA-512/256 but of SHA-512, cut. Its erratum 4897 says so; its
/// values are those of Python's `sha512_256` too, and are the ones here.
fn section_3_9_2(userhash: &str) -> Secret {
    let mut digest = digest(&format!(
        "Digest realm=\"api@example.org\", qop=\"auth\", algorithm=SHA-512-256, \
         nonce=\"5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK\", opaque=\"HRPCssKJSGjCrkzDg8OhwpzCiGPChXYjwrI2QmXDnsOS\", \
         charset=UTF-8{userhash}"
    ));
    let login = login("J\u{e4}s\u{f8}n Doe", "Secret, or not?");
    digest.authorize(&login, "GET", "/doe.json", "NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v").0
}

#[test]
fn rfc_7616_section_3_9_2_userhash() {
    assert_eq!(
        section_3_9_2(", userhash=true").expose(),
        "Digest username=\"793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b\", \
         realm=\"api@example.org\", uri=\"/doe.json\", algorithm=SHA-512-256, \
         nonce=\"5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK\", nc=00000001, \
         cnonce=\"NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v\", qop=auth, \
         response=\"3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5\", \
         opaque=\"HRPCssKJSGjCrkzDg8OhwpzCiGPChXYjwrI2QmXDnsOS\", userhash=true"
    );
}

#[test]
fn rfc_7616_section_3_9_2_username_star() {
    for userhash in ["", ", userhash=false", ", userhash=x"] {
        assert_eq!(
            section_3_9_2(userhash).expose(),
            "Digest username*=UTF-8''J%C3%A4s%C3%B8n%20Doe, \
             realm=\"api@example.org\", uri=\"/doe.json\", algorithm=SHA-512-256, \
             nonce=\"5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK\", nc=00000001, \
             cnonce=\"NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v\", qop=auth, \
             response=\"3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5\", \
             opaque=\"HRPCssKJSGjCrkzDg8OhwpzCiGPChXYjwrI2QmXDnsOS\""
        );
    }
}

/// RFC 2617 section 3.5. The algorithm is not named there, and so not here.
#[test]
fn rfc_2617_section_3_5() {
    let mut digest = digest(
        "Digest realm=\"testrealm@host.com\", qop=\"auth,auth-int\", nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", \
         opaque=\"5ccc069c403ebaf9f0171e9517f40e41\"",
    );
    let login = login("Mufasa", "Circle Of Life");
    let (answer, proof) = digest.authorize(&login, "GET", "/dir/index.html", "0a4f113b");
    assert_eq!(
        answer.expose(),
        "Digest username=\"Mufasa\", realm=\"testrealm@host.com\", uri=\"/dir/index.html\", \
         nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", nc=00000001, cnonce=\"0a4f113b\", qop=auth, \
         response=\"6629fae49393a05397450978507c4ef1\", opaque=\"5ccc069c403ebaf9f0171e9517f40e41\""
    );
    assert_eq!(verify(&mut digest, &proof, "rspauth=376602cfd2f4e8e5e78b948a85263e85"), Ok(()));
}

/// RFC 2069 section 2.4. Its response is a mistake: erratum 749 has this one.
#[test]
fn rfc_2069_section_2_4() {
    let challenge = "Digest realm=\"testrealm@host.com\", nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", \
                     opaque=\"5ccc069c403ebaf9f0171e9517f40e41\"";
    assert_eq!(read(challenge, false).unwrap_err(), "the Digest challenge has no qop, and none without is allowed");
    let mut digest = read(challenge, true).unwrap();
    let login = login("Mufasa", "CircleOfLife");
    let (answer, proof) = digest.authorize(&login, "GET", "/dir/index.html", "0a4f113b");
    assert_eq!(
        answer.expose(),
        "Digest username=\"Mufasa\", realm=\"testrealm@host.com\", uri=\"/dir/index.html\", \
         nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", response=\"1949323746fe6a43ef61f9606e7febea\", \
         opaque=\"5ccc069c403ebaf9f0171e9517f40e41\""
    );
    // RFC 2617 section 3.2.3 has a proof for it; what was not sent is not compared.
    let proven = "rspauth=\"123cde1ca5cf91bf86e872d42002bea9\"";
    assert_eq!(verify(&mut digest, &proof, &format!("{proven}, qop=auth, nc=00000009, cnonce=x")), Ok(()));
    assert!(verify(&mut digest, &proof, "rspauth=\"123cde1ca5cf91bf86e872d42002bea8\"").is_err());
}
