//! The record and its fields, as the separators of the moment have them.

use super::{Evaluated, Interpreter, mistake};
use crate::awk::ast::{Expression, special};
use crate::awk::record::Separator;
use crate::awk::value::{Text, Value};

impl Interpreter {
    /// The field separator now.
    pub fn field_separator(&mut self) -> Evaluated<Separator> {
        let text = self.global_text(special::FS);
        if let Some((known, separator)) = &self.separator
            && *known == text
        {
            return Ok(separator.clone());
        }
        let separator = self.separator_of(&text)?;
        self.separator = Some((text, separator.clone()));
        Ok(separator)
    }

    /// What `text` means as a field separator.
    pub fn separator_of(&mut self, text: &Text) -> Evaluated<Separator> {
        Ok(match &**text {
            b" " => Separator::Blanks,
            [] => Separator::Characters,
            [byte] if *byte != b'\\' => Separator::Byte(*byte),
            _ => Separator::Regex(self.regex(text)?),
        })
    }

    /// Splits the record into fields.
    pub fn split_record(&mut self) -> Evaluated<()> {
        if !self.record.is_split() {
            let separator = self.field_separator()?;
            let paragraph = self.global_text(special::RS).is_empty();
            self.record.split(&separator, paragraph);
        }
        Ok(())
    }

    /// The text of the record.
    pub fn record_text(&mut self) -> Text {
        let (joiner, format) = (
            self.global_text(special::OFS),
            self.global_text(special::CONVFMT),
        );
        self.record.text(&joiner, &format)
    }

    pub(super) fn field_number(&mut self, expression: &Expression) -> Evaluated<usize> {
        let number = self.evaluate(expression)?.number();
        if number < 0.0 || number.is_nan() {
            return mistake(format!("${number} is no field: fields are numbered from 0"));
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "not negative, and saturates"
        )]
        Ok(number as usize)
    }

    pub(super) fn read_field(&mut self, number: usize) -> Evaluated<Value> {
        if number == 0 {
            let (joiner, format) = (
                self.global_text(special::OFS),
                self.global_text(special::CONVFMT),
            );
            return Ok(self.record.whole(&joiner, &format));
        }
        self.split_record()?;
        Ok(self.record.field(number))
    }
}
