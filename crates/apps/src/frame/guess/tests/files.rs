//! What is no stream of messages: of that nothing may be said with much confidence, however long it is.

use super::*;

/// Fails the test if anybody would be misled.
#[track_caller]
fn convinces_nobody(what: &str, bytes: &[u8]) {
    let ranking = ranking(bytes);
    let is_modest = |guess: &Guess| !matches!(guess.confidence, Confidence::Sure | Confidence::Likely);
    assert!(ranking.fits.iter().all(is_modest), "{what} of {} bytes: {:#?}", bytes.len(), ranking.fits);
    assert!(ranking.later.is_none(), "{what} of {} bytes: {:?}", bytes.len(), ranking.later);
}

#[test]
fn noise_and_nothing_fit_no_framing() {
    for len in [100, 1000, 5000, 60_000] {
        let noise: Vec<u8> = noise().take(len).collect();
        assert!(ranking(&noise).fits.is_empty(), "{:#?}", ranking(&noise).fits);
    }
    assert!(ranking(&[0; 4096]).fits.is_empty(), "{:#?}", ranking(&[0; 4096]).fits);
    assert!(ranking(b"").fits.is_empty());
    assert!(ranking(b"").why_nothing().contains("empty"));
}

/// Words of some letters each.
fn words(between: &str) -> String {
    let mut noise = noise();
    let mut word = || -> String {
        let len = usize::from(noise.next().unwrap() % 9) + 2;
        noise.by_ref().take(len).map(|byte| char::from(b"etaoinshrdlucmfw"[usize::from(byte >> 4)])).collect()
    };
    (0..1500).map(|_| word() + between).collect()
}

#[test]
fn text_without_an_end_of_a_line_has_no_prefix() {
    convinces_nobody("words", words(" ").as_bytes());
    convinces_nobody("words with accents", words(" \u{e9}\u{e8} \u{4f60}\u{597d} ").as_bytes());
    convinces_nobody("one line of JSON", format!("[{}]", words("\", \"")).as_bytes());
    let base64: Vec<u8> = noise().take(10_000).map(|byte| b'0' + byte % 64).collect();
    convinces_nobody("base64", &base64);
    let wide: Vec<u8> = words(" ").bytes().flat_map(|byte| [byte, 0]).collect();
    convinces_nobody("wide characters", &wide);
    convinces_nobody("one wide line over and over", &wide[..74].repeat(100));
}

#[test]
fn lines_of_text_are_lines() {
    for (between, spec) in [("\n", "lines"), ("\r\n", "crlf")] {
        let best = &ranking(words(between).as_bytes()).fits[0];
        assert_eq!((&best.spec, best.confidence), (&spec.parse().unwrap(), Confidence::Sure));
    }
}

#[test]
fn tables_of_numbers_have_no_prefix() {
    let numbers = || noise().take(5000).map(u32::from);
    let table = |number: fn(u32) -> Vec<u8>| numbers().flat_map(number).collect::<Vec<u8>>();
    convinces_nobody("small numbers, big end first", &table(|number| (number % 100).to_be_bytes().to_vec()));
    convinces_nobody("small numbers, little end first", &table(|number| number.to_le_bytes().to_vec()));
    convinces_nobody("numbers of 16 bits", &table(|number| vec![u8::try_from(number).unwrap(), 0]));
    convinces_nobody("numbers of 64 bits", &table(|number| u64::from(number * 1000).to_le_bytes().to_vec()));
    convinces_nobody("pairs", &table(|number| [number.to_le_bytes(), (number / 9).to_le_bytes()].concat()));
    convinces_nobody("fractions", &table(|number| (f64::from(number) / 7.0).to_le_bytes().to_vec()));
}

#[test]
fn sounds_and_pictures_have_no_prefix() {
    #[expect(clippy::cast_possible_truncation, reason = "the levels fit")]
    let samples = |step: f64, level: f64| -> Vec<u8> {
        let wave = (0..10_000).map(|at| (f64::from(at) / step).sin() * level);
        wave.flat_map(|level| (level as i16).to_le_bytes()).collect()
    };
    convinces_nobody("a quiet sound", &samples(9.0, 100.0));
    convinces_nobody("a loud sound", &samples(25.3, 30_000.0));
    let moire: Vec<u8> = (0..300_u32).flat_map(|x| (0..300).map(move |y| (x * y).to_le_bytes()[0])).collect();
    convinces_nobody("a picture", &moire);
}

#[test]
fn a_file_that_says_how_long_it_is_is_one_message_at_best() {
    let mut noise = noise();
    let body: Vec<u8> = noise.by_ref().take(30_000).collect();
    convinces_nobody("RIFF", &[b"RIFF", &30_000_u32.to_le_bytes()[..], &body].concat());
    convinces_nobody("BM", &[b"BM", &30_006_u32.to_le_bytes()[..], &body].concat());
}

#[test]
fn what_holds_a_bit_of_everything_has_no_prefix() {
    let numbers = || noise().take(5000).flat_map(|byte| (u32::from(byte) * 4).to_le_bytes());
    let noise = || noise().take(60_000);
    let (zeros, text) = (vec![0; 3000], words("\n").into_bytes());
    let mixed: Vec<u8> =
        zeros.iter().chain(&text).chain(&zeros).copied().chain(numbers()).chain(noise()).collect();
    convinces_nobody("a bit of everything", &mixed);
    let turned: Vec<u8> = noise().chain(numbers()).chain(text).chain(zeros).collect();
    convinces_nobody("a bit of everything, turned", &turned);
}
