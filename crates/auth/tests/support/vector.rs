//! Cases of the JSON files in `vectors`; what they are held against is each test's matter.

use serde_json::Value;

pub(crate) struct Case(Value);

impl Case {
    pub(crate) fn text(&self, field: &str) -> &str {
        self.0[field].as_str().expect("the field is there")
    }

    pub(crate) fn bytes(&self, field: &str) -> Vec<u8> {
        super::hex(self.text(field))
    }

    pub(crate) fn list(&self, field: &str) -> Vec<Vec<u8>> {
        let items = self.0[field].as_array().expect("the field is a list");
        items.iter().map(|item| super::hex(item.as_str().expect("a text"))).collect()
    }
}

pub(crate) fn cases(json: &str) -> Vec<Case> {
    let cases: Vec<Value> = serde_json::from_str(json).expect("the vectors are JSON");
    assert!(cases.len() >= 6, "all vectors are there");
    cases.into_iter().map(Case).collect()
}
