//! Text in the making: lines with what stands in front of each, and a bound on the whole.

use super::ConvertError;
use crate::limits;

/// Lines of a text. Every line begins with the indents that are open.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    text: String,
    indents: Vec<Indent>,
}

/// What stands in front of lines: of the first, of the rest.
#[derive(Debug)]
struct Indent {
    first: Option<String>,
    rest: String,
}

impl Lines {
    /// The whole text.
    ///
    /// # Errors
    /// When it became larger than is written.
    pub(crate) fn finish(self) -> Result<String, ConvertError> {
        if self.is_full() { Err(ConvertError::ResultTooLarge) } else { Ok(self.text) }
    }

    /// Whether more would be in vain.
    pub(crate) fn is_full(&self) -> bool {
        self.text.len() > limits::EXPORT_BYTES
    }

    /// Lines from now on begin with this.
    pub(crate) fn indent(&mut self, first: &str, rest: &str) {
        self.indents.push(Indent { first: Some(first.to_owned()), rest: rest.to_owned() });
    }

    pub(crate) fn outdent(&mut self) {
        self.indents.pop();
    }

    /// Adds each line of a text.
    pub(crate) fn lines(&mut self, text: &str) {
        for line in text.split('\n') {
            if self.is_full() {
                return;
            }
            for indent in &mut self.indents {
                match indent.first.take() {
                    Some(first) => self.text.push_str(&first),
                    None => self.text.push_str(&indent.rest),
                }
            }
            if line.is_empty() {
                let end = self.text.trim_end_matches([' ', '\t']).len();
                self.text.truncate(end);
            }
            self.text.push_str(line);
            self.text.push('\n');
        }
    }
}
