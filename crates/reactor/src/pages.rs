//! A table by small numbers that grows by whole pages: nothing in it ever moves, and at most one page of it is empty
//! for having grown. A vector that doubles copies all it has, and leaves holes of the size of what it had.
//! Who owns a slot is left to the tables made of it.

/// Values by slot.
#[derive(Debug)]
pub(crate) struct Pages<T> {
    pages: Vec<Box<[Option<T>; SLOTS_A_PAGE]>>,
}

impl<T> Default for Pages<T> {
    fn default() -> Pages<T> {
        Pages { pages: Vec::new() }
    }
}

impl<T> Pages<T> {
    pub(crate) fn get(&self, slot: usize) -> Option<&T> {
        self.pages.get(slot / SLOTS_A_PAGE)?[slot % SLOTS_A_PAGE].as_ref()
    }

    pub(crate) fn get_mut(&mut self, slot: usize) -> Option<&mut T> {
        self.pages.get_mut(slot / SLOTS_A_PAGE)?[slot % SLOTS_A_PAGE].as_mut()
    }

    /// Puts a value into a slot; gives back what was there.
    pub(crate) fn replace(&mut self, slot: usize, value: T) -> Option<T> {
        while slot / SLOTS_A_PAGE >= self.pages.len() {
            self.pages.push(Box::new([const { None }; SLOTS_A_PAGE]));
        }
        self.pages[slot / SLOTS_A_PAGE][slot % SLOTS_A_PAGE].replace(value)
    }

    /// Empties a slot.
    pub(crate) fn take(&mut self, slot: usize) -> Option<T> {
        self.pages.get_mut(slot / SLOTS_A_PAGE)?[slot % SLOTS_A_PAGE].take()
    }

    /// All values, by slot.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.pages.iter().flat_map(|page| page.iter()).flatten()
    }
}

/// A power of two, so that finding a page is a shift. So few that a program with one connection hardly notices, so many
/// that the list of pages is short.
const SLOTS_A_PAGE: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stay_where_they_were_put_while_the_table_grows() {
        let mut table = Pages::default();
        assert_eq!(table.replace(0, "first"), None);
        let first = std::ptr::from_ref(table.get(0).unwrap());
        assert_eq!(table.replace(5 * SLOTS_A_PAGE, "far"), None);
        assert!(std::ptr::eq(first, table.get(0).unwrap()), "nothing was moved");
        assert_eq!((table.get(SLOTS_A_PAGE), table.get(9 * SLOTS_A_PAGE)), (None, None));
        assert_eq!(table.iter().copied().collect::<Vec<_>>(), ["first", "far"]);
        assert_eq!(
            (table.replace(0, "second"), table.take(0), table.take(0)),
            (Some("first"), Some("second"), None)
        );
    }
}
