//! Rust source with its comments and literals blanked out, and which of its lines are tests.
//! What may stand in the code that is left is the rules' affair.

/// The same text, line for line and column for column, in which only code is left.
pub(super) fn code_only(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let (piece, bytes) = next_piece(rest);
        let (piece_text, after) = rest.split_at(bytes);
        match piece {
            Piece::Code => code.push_str(piece_text),
            Piece::Prose => code.extend(piece_text.chars().map(|c| if c == '\n' { '\n' } else { ' ' })),
        }
        rest = after;
    }
    code
}

/// For each line of `code`, whether it belongs to an item under `#[cfg(test)]`.
pub(super) fn test_lines(code: &str) -> Vec<bool> {
    let mut is_test = vec![false; code.lines().count()];
    for (start, _) in code.match_indices("#[cfg(test)]") {
        let end = start + item_bytes(&code[start..]);
        let first = line_of(code, start) - 1;
        let last = line_of(code, end) - 1;
        is_test.iter_mut().take(last + 1).skip(first).for_each(|line| *line = true);
    }
    is_test
}

/// The names in `#[cfg(test)] mod name;`: modules whose files hold nothing but tests.
pub(super) fn test_modules(code: &str) -> Vec<&str> {
    let items = code.match_indices("#[cfg(test)]").map(|(start, mark)| &code[start + mark.len()..]);
    items
        .filter_map(|item| item.trim_start().strip_prefix("mod ")?.split_once(';'))
        .map(|(name, _)| name)
        .filter(|name| is_word(name))
        .collect()
}

/// Lines on which `path` stands as a whole, be it spelled out or inside `use parent::{...}`.
/// The path has one `::`, as in `mio::Poll`.
pub(super) fn lines_that_name(code: &str, path: &str) -> Vec<usize> {
    let (parent, name) = path.split_once("::").expect("the path has two parts");
    let mut lines = Vec::new();
    for start in words(code, parent) {
        let after = &code[start + parent.len()..];
        let Some(after) = after.strip_prefix("::") else { continue };
        let group =
            after.strip_prefix('{').map_or("", |group| &group[..group.find('}').unwrap_or(group.len())]);
        let is_direct = words(after, name).next() == Some(0);
        if is_direct || words(group, name).next().is_some() {
            lines.push(line_of(code, start));
        }
    }
    lines
}

/// Lines on which `word` stands as a whole identifier.
pub(super) fn lines_with_word(code: &str, word: &str) -> Vec<usize> {
    words(code, word).map(|start| line_of(code, start)).collect()
}

fn words<'a>(code: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    code.match_indices(word).map(|(start, _)| start).filter(move |start| {
        let before = code[..*start].chars().next_back();
        let after = code[start + word.len()..].chars().next();
        !before.is_some_and(is_word_char) && !after.is_some_and(is_word_char)
    })
}

fn line_of(text: &str, byte: usize) -> usize {
    text[..byte].matches('\n').count() + 1
}

/// Bytes from an attribute to the end of what it stands on: a `;` or the closing brace.
fn item_bytes(code: &str) -> usize {
    let mut depth = 0;
    for (byte, c) in code.char_indices() {
        match c {
            ';' if depth == 0 => return byte,
            '{' => depth += 1,
            '}' if depth == 1 => return byte,
            '}' => depth -= 1,
            _ => {}
        }
    }
    code.len()
}

#[derive(Debug, PartialEq)]
enum Piece {
    Code,
    /// A comment or a literal: what stands there is not executed.
    Prose,
}

/// The kind of what `rest` begins with, and its bytes; never 0.
fn next_piece(rest: &str) -> (Piece, usize) {
    let first = rest.chars().next().expect("the caller's text is not at its end");
    if rest.starts_with("//") {
        return (Piece::Prose, rest.find('\n').unwrap_or(rest.len()));
    }
    if rest.starts_with("/*") {
        return (Piece::Prose, block_comment_bytes(rest));
    }
    match first {
        '"' => (Piece::Prose, string_bytes(rest)),
        '\'' => character_or_lifetime(rest),
        _ if is_word_char(first) => word_or_raw_string(rest),
        _ => (Piece::Code, first.len_utf8()),
    }
}

fn block_comment_bytes(rest: &str) -> usize {
    let mut depth = 0;
    let mut at = 0;
    while at < rest.len() {
        let here = &rest[at..];
        let step = here.chars().next().map_or(1, char::len_utf8);
        if here.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if here.starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                break;
            }
        } else {
            at += step;
        }
    }
    at
}

fn string_bytes(rest: &str) -> usize {
    let mut is_escaped = false;
    for (byte, c) in rest.char_indices().skip(1) {
        match c {
            '"' if !is_escaped => return byte + 1,
            '\\' => is_escaped = !is_escaped,
            _ => is_escaped = false,
        }
    }
    rest.len()
}

/// `'x'` and `'\n'` are literals, `'a` is a lifetime, of which only the mark is taken.
fn character_or_lifetime(rest: &str) -> (Piece, usize) {
    let mut chars = rest.char_indices().skip(1);
    let Some((_, second)) = chars.next() else { return (Piece::Code, 1) };
    if second == '\\' {
        let after_escaped = 3;
        let end = rest.get(after_escaped..).and_then(|tail| tail.find('\''));
        return (Piece::Prose, end.map_or(rest.len(), |end| after_escaped + end + 1));
    }
    match chars.next() {
        Some((byte, '\'')) => (Piece::Prose, byte + 1),
        _ => (Piece::Code, 1),
    }
}

fn word_or_raw_string(rest: &str) -> (Piece, usize) {
    let bytes = rest.find(|c| !is_word_char(c)).unwrap_or(rest.len());
    let (word, after) = rest.split_at(bytes);
    let hashes = after.len() - after.trim_start_matches('#').len();
    if !matches!(word, "r" | "br" | "cr") || !after[hashes..].starts_with('"') {
        return (Piece::Code, bytes);
    }
    let end = format!("\"{}", "#".repeat(hashes));
    let body = bytes + hashes + 1;
    (Piece::Prose, rest[body..].find(&end).map_or(rest.len(), |at| body + at + end.len()))
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.chars().all(is_word_char)
}

fn is_word_char(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_literals_are_blanked_in_place() {
        let text = "a // b\n/* c /* d */ e */ f \"g\\\"h\" 'i' '\\'' &'j k";
        let code = code_only(text);
        assert_eq!(code.len(), text.len());
        assert_eq!(code.split_whitespace().collect::<Vec<_>>(), ["a", "f", "&'j", "k"]);
    }

    #[test]
    fn raw_strings_end_at_their_own_hashes() {
        assert_eq!(code_only("r#\"a \" b\"# c").trim(), "c");
        assert_eq!(code_only("br\"\\\" d").trim(), "d");
        assert_eq!(code_only("r#type"), "r#type");
    }

    #[test]
    fn a_test_module_ends_at_its_closing_brace() {
        let code = "fn a() {}\n#[cfg(test)]\nmod tests {\n  fn b() {}\n}\nfn c() {}\n";
        assert_eq!(test_lines(code), [false, true, true, true, true, false]);
    }

    #[test]
    fn a_test_module_in_its_own_file_is_one_item() {
        let code = "#[cfg(test)]\nmod split;\nfn a() {}\n";
        assert_eq!(test_lines(code), [true, true, false]);
        assert_eq!(test_modules(code), ["split"]);
    }

    #[test]
    fn a_name_is_found_spelled_out_and_in_a_group() {
        let code = "use mio::{Events,\n Poll};\nmio::Poll::new();\nmio::PollOpt;\nmio::Token;\nxmio::Poll;\n";
        assert_eq!(lines_that_name(code, "mio::Poll"), [1, 3]);
    }

    #[test]
    fn a_word_is_whole() {
        assert_eq!(lines_with_word("author\nauth::Key\nun_auth", "auth"), [2]);
    }
}
