//! Calls functions of the program: values are passed by copy, arrays by reference.

use super::variables::Cell;
use super::{Evaluated, Flow, Interpreter, mistake};
use crate::awk::ast::{Expression, Place, Variable, special};
use crate::awk::value::Value;

impl Interpreter {
    pub(super) fn call(&mut self, number: usize, arguments: &[Expression]) -> Evaluated<Value> {
        let program = self.program.clone();
        let function = &program.functions[number];
        if arguments.len() > function.parameters.len() {
            return mistake(format!(
                "{} takes {} arguments and is given {}",
                function.name,
                function.parameters.len(),
                arguments.len()
            ));
        }
        let mut cells = Vec::with_capacity(function.parameters.len());
        for argument in arguments {
            cells.push(self.argument(argument)?);
        }
        cells.resize(function.parameters.len(), Cell::Unset);
        let (caller, base) = (self.frame, self.locals.len());
        self.locals.append(&mut cells);
        self.frame = base;
        let flow = self.block(&function.body);
        self.frame = caller;
        let cells = self.locals.split_off(base);
        // A variable without a value that the function used as an array is one now.
        for (argument, cell) in arguments.iter().zip(cells) {
            if let (Expression::Read(Place::Variable(variable)), Cell::Array(_)) = (argument, &cell)
                && let Cell::Unset = self.cell(*variable)
            {
                *self.cell_mut(*variable) = cell;
            }
        }
        match flow? {
            Flow::Return(value) => Ok(value),
            _ => Ok(Value::Unset),
        }
    }

    /// An argument of a call: arrays go by reference.
    fn argument(&mut self, argument: &Expression) -> Evaluated<Cell> {
        if let Expression::Read(Place::Variable(variable)) = argument {
            match self.cell(*variable) {
                Cell::Array(array) => return Ok(Cell::Array(array.clone())),
                Cell::Unset if *variable != Variable::Global(special::NF) => {
                    return Ok(Cell::Unset);
                }
                _ => {}
            }
        }
        Ok(Cell::Scalar(self.evaluate(argument)?))
    }
}
