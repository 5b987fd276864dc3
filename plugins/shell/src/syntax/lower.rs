//! Turns brush-parser's tree into ours. Its commands carry no lines, so the tree is walked beside the tokens that it was
//! made of: the words of a tree are a subsequence of its tokens.

use std::collections::BTreeMap;
use std::rc::Rc;

use brush_parser::{Token, ast};

use super::tree::*;
use super::word::{self, Context};
use super::{SyntaxError, braces};

/// Variables for descriptors, by the number that stands for them.
pub type Named = BTreeMap<u32, String>;

const FIRST_NAMED: u32 = 1_000_000_000;

/// The grammar knows only numbers before a redirection: `{name}>` gets a number of its own.
pub fn name_descriptors(tokens: &mut [Token]) -> Named {
    let mut named = Named::new();
    for index in 1..tokens.len() {
        let (before, after) = tokens.split_at_mut(index);
        let (Some(Token::Word(text, place)), Some(Token::Operator(sign, next))) =
            (before.last_mut(), after.first())
        else {
            continue;
        };
        let name = text
            .strip_prefix('{')
            .and_then(|text| text.strip_suffix('}'));
        let Some(name) = name
            .filter(|name| !name.is_empty() && super::parameter::name_length(name) == name.len())
        else {
            continue;
        };
        if sign.starts_with(['<', '>']) && place.end.index == next.start.index {
            let number = FIRST_NAMED + u32::try_from(named.len()).unwrap_or(0);
            named.insert(number, name.to_owned());
            *text = number.to_string();
        }
    }
    named
}

/// Converts a program.
pub fn program(
    program: &ast::Program,
    tokens: &[Token],
    first_line: u32,
    named: &Named,
) -> Result<Program, SyntaxError> {
    let mut lowering = Lowering {
        tokens,
        at: 0,
        line: first_line,
        first_line,
        named,
    };
    let lines = program
        .complete_commands
        .iter()
        .map(|list| lowering.list(list));
    Ok(Program {
        lines: lines.collect::<Result<_, _>>()?,
    })
}

struct Lowering<'a> {
    tokens: &'a [Token],
    at: usize,
    line: u32,
    first_line: u32,
    named: &'a Named,
}

type Result<T, E = SyntaxError> = std::result::Result<T, E>;

impl Lowering<'_> {
    /// Goes on to the token with this text, and takes its line for the current one.
    fn find(&mut self, text: &str) {
        let rest = self.tokens.get(self.at..).unwrap_or_default();
        let found = rest.iter().position(|token| {
            let own = token.to_str();
            matches!(token, Token::Word(..))
                && (own == text
                    || (own.len() < text.len() && text.starts_with(own) && own.ends_with('=')))
        });
        if let Some(index) = found {
            let line = rest
                .get(index)
                .map_or(1, |token| token.location().start.line);
            self.at += index + 1;
            self.line = self.first_line + u32::try_from(line - 1).unwrap_or(0);
        }
    }

    fn parse(&self, text: &str, context: Context) -> Result<Word> {
        word::parse(text, context).map_err(|words| SyntaxError {
            line: self.line,
            words,
            shows_line: false,
            is_open: false,
        })
    }

    fn word(&mut self, word: &ast::Word) -> Result<Word> {
        self.find(&word.value);
        self.parse(&word.value, Context::Bare)
    }

    fn list(&mut self, list: &ast::CompoundList) -> Result<List> {
        let items = list.0.iter().map(|item| {
            let chain = Rc::new(self.chain(&item.0)?);
            let background = matches!(item.1, ast::SeparatorOperator::Async);
            Ok(Item { chain, background })
        });
        Ok(Rc::new(items.collect::<Result<_>>()?))
    }

    fn chain(&mut self, chain: &ast::AndOrList) -> Result<Chain> {
        let first = self.pipeline(&chain.first)?;
        let rest = chain.additional.iter().map(|next| match next {
            ast::AndOr::And(pipeline) => Ok((Connector::And, self.pipeline(pipeline)?)),
            ast::AndOr::Or(pipeline) => Ok((Connector::Or, self.pipeline(pipeline)?)),
        });
        Ok(Chain {
            first,
            rest: rest.collect::<Result<_>>()?,
            text: chain.to_string(),
        })
    }

    fn pipeline(&mut self, pipeline: &ast::Pipeline) -> Result<Pipeline> {
        let timing = pipeline.timed.as_ref().map(|timed| match timed {
            ast::PipelineTimed::Timed => Timing::Bash,
            ast::PipelineTimed::TimedWithPosixOutput => Timing::Posix,
        });
        let stages = pipeline
            .seq
            .iter()
            .map(|command| self.command(command).map(Rc::new));
        let stages = stages.collect::<Result<_>>()?;
        Ok(Pipeline {
            timing,
            negated: pipeline.bang,
            stages,
        })
    }

    fn command(&mut self, command: &ast::Command) -> Result<Command> {
        match command {
            ast::Command::Simple(simple) => self.simple(simple),
            ast::Command::Compound(compound, redirects) => {
                self.compound(compound, redirects.as_ref())
            }
            ast::Command::Function(function) => {
                self.find(&function.fname);
                let line = self.line;
                let ast::FunctionBody(body, redirects) = &function.body;
                let body = Rc::new(self.compound(body, redirects.as_ref())?);
                let (name, text) = (function.fname.clone(), function.to_string());
                let kind = Kind::Function(Rc::new(Function { name, body, text }));
                Ok(Command {
                    line,
                    kind,
                    redirects: Vec::new(),
                })
            }
            ast::Command::ExtendedTest(test) => {
                self.find("[[");
                let line = self.line;
                let kind = Kind::Test(self.test(test)?);
                Ok(Command {
                    line,
                    kind,
                    redirects: Vec::new(),
                })
            }
        }
    }

    fn simple(&mut self, simple: &ast::SimpleCommand) -> Result<Command> {
        let mut command = Simple::default();
        let mut redirects = Vec::new();
        let mut line = None;
        let prefix = simple.prefix.iter().flat_map(|prefix| &prefix.0);
        for item in prefix {
            match item {
                ast::CommandPrefixOrSuffixItem::AssignmentWord(assignment, word) => {
                    self.find(&word.value);
                    line = line.or(Some(self.line));
                    command.assignments.push(self.assignment(assignment)?);
                }
                other => self.argument(other, &mut command.words, &mut redirects)?,
            }
        }
        if let Some(name) = &simple.word_or_name {
            self.words(name, &mut command.words)?;
            line = Some(self.line);
        }
        for item in simple.suffix.iter().flat_map(|suffix| &suffix.0) {
            self.argument(item, &mut command.words, &mut redirects)?;
        }
        let line = line.unwrap_or(self.line);
        Ok(Command {
            line,
            kind: Kind::Simple(command),
            redirects,
        })
    }

    fn words(&mut self, word: &ast::Word, into: &mut Vec<Argument>) -> Result<()> {
        self.find(&word.value);
        let Some(words) = braces::expand(&word.value) else {
            into.push(Argument::TooMany(word.value.clone()));
            return Ok(());
        };
        for word in words {
            into.push(Argument::Word(self.parse(&word, Context::Bare)?));
        }
        Ok(())
    }

    fn argument(
        &mut self,
        item: &ast::CommandPrefixOrSuffixItem,
        words: &mut Vec<Argument>,
        redirects: &mut Vec<Redirect>,
    ) -> Result<()> {
        match item {
            ast::CommandPrefixOrSuffixItem::IoRedirect(redirect) => {
                redirects.push(self.redirect(redirect)?);
            }
            ast::CommandPrefixOrSuffixItem::Word(word) => self.words(word, words)?,
            ast::CommandPrefixOrSuffixItem::AssignmentWord(assignment, word) => {
                self.find(&word.value);
                let plain = braces::expand(&word.value).unwrap_or_else(|| vec![word.value.clone()]);
                let is_array = matches!(assignment.value, ast::AssignmentValue::Array(_));
                let plain = if is_array {
                    vec![word.value.clone()]
                } else {
                    plain
                };
                let plain = plain.iter().map(|word| self.parse(word, Context::Bare));
                let plain = plain.collect::<Result<_>>()?;
                words.push(Argument::Assignment(self.assignment(assignment)?, plain));
            }
            ast::CommandPrefixOrSuffixItem::ProcessSubstitution(kind, list) => {
                words.push(Argument::Process(direction(kind), self.list(&list.0)?));
            }
        }
        Ok(())
    }

    fn assignment(&mut self, assignment: &ast::Assignment) -> Result<Assignment> {
        let (name, index) = match &assignment.name {
            ast::AssignmentName::VariableName(name) => (name.clone(), None),
            ast::AssignmentName::ArrayElementName(name, index) => {
                (name.clone(), Some(self.parse(index, Context::Bare)?))
            }
        };
        let value = match &assignment.value {
            ast::AssignmentValue::Scalar(word) => {
                Assigned::Scalar(self.parse(&word.value, Context::Value)?)
            }
            ast::AssignmentValue::Array(elements) => {
                let elements = elements.iter().map(|(key, value)| {
                    let key = key
                        .as_ref()
                        .map(|key| self.parse(&key.value, Context::Bare));
                    let words = braces::expand(&value.value).unwrap_or_default();
                    let words = words.iter().map(|word| self.parse(word, Context::Bare));
                    Ok((key.transpose()?, words.collect::<Result<_>>()?))
                });
                Assigned::Array(elements.collect::<Result<_>>()?)
            }
        };
        Ok(Assignment {
            name,
            index,
            append: assignment.append,
            value,
        })
    }

    fn compound(
        &mut self,
        compound: &ast::CompoundCommand,
        redirects: Option<&ast::RedirectList>,
    ) -> Result<Command> {
        use ast::CompoundCommand as C;
        let mut line = self.line;
        let kind = match compound {
            C::Arithmetic(command) => Kind::Arithmetic(self.arithmetic(&command.expr.value)?),
            C::BraceGroup(group) => Kind::Group(self.list(&group.0)?),
            C::Subshell(list) => Kind::Subshell(self.list(&list.0)?),
            C::IfClause(clause) => self.if_clause(clause)?,
            C::WhileClause(ast::WhileOrUntilClauseCommand(condition, body)) => {
                Kind::Loop(Until::Failure, self.list(condition)?, self.list(&body.0)?)
            }
            C::UntilClause(ast::WhileOrUntilClauseCommand(condition, body)) => {
                Kind::Loop(Until::Success, self.list(condition)?, self.list(&body.0)?)
            }
            C::ForClause(clause) => {
                self.find(&clause.variable_name);
                line = self.line;
                let words = clause.values.as_ref().map(|values| {
                    let mut words = Vec::new();
                    values
                        .iter()
                        .try_for_each(|value| self.words(value, &mut words))?;
                    Ok(words)
                });
                // `in` without words differs from no `in`, and the grammar drops the difference: it gives no words.
                let words = words.transpose()?;
                let words = words.or_else(|| self.has_in().then(Vec::new));
                Kind::For(
                    clause.variable_name.clone(),
                    words,
                    self.list(&clause.body.0)?,
                )
            }
            C::ArithmeticForClause(clause) => {
                let part = |part: &Option<ast::UnexpandedArithmeticExpr>| {
                    part.as_ref()
                        .filter(|part| !part.value.trim().is_empty())
                        .map(|part| self.arithmetic(&part.value))
                        .transpose()
                };
                let parts = [
                    part(&clause.initializer)?,
                    part(&clause.condition)?,
                    part(&clause.updater)?,
                ];
                Kind::Counting(parts, self.list(&clause.body.0)?)
            }
            C::CaseClause(clause) => {
                let value = self.word(&clause.value)?;
                line = self.line;
                let arms = clause.cases.iter().map(|case| self.arm(case));
                Kind::Case(value, arms.collect::<Result<_>>()?)
            }
        };
        let redirects = redirects
            .iter()
            .flat_map(|list| &list.0)
            .map(|redirect| self.redirect(redirect));
        Ok(Command {
            line,
            kind,
            redirects: redirects.collect::<Result<_>>()?,
        })
    }

    fn has_in(&self) -> bool {
        self.tokens
            .get(self.at)
            .is_some_and(|token| token.to_str() == "in")
    }

    fn arithmetic(&self, expression: &str) -> Result<Word> {
        let mut word = self.parse(expression.trim(), Context::DoubleWord)?;
        word.source = expression.into();
        Ok(word)
    }

    fn if_clause(&mut self, clause: &ast::IfClauseCommand) -> Result<Kind> {
        let mut arms = vec![(self.list(&clause.condition)?, self.list(&clause.then)?)];
        let mut otherwise = None;
        for part in clause.elses.iter().flatten() {
            match &part.condition {
                Some(condition) => arms.push((self.list(condition)?, self.list(&part.body)?)),
                None => otherwise = Some(self.list(&part.body)?),
            }
        }
        Ok(Kind::If(arms, otherwise))
    }

    fn arm(&mut self, case: &ast::CaseItem) -> Result<Arm> {
        let patterns = case.patterns.iter().map(|pattern| self.word(pattern));
        let patterns = patterns.collect::<Result<_>>()?;
        let body = case.cmd.as_ref().map(|list| self.list(list)).transpose()?;
        let then = match case.post_action {
            ast::CaseItemPostAction::ExitCase => AfterArm::Leave,
            ast::CaseItemPostAction::UnconditionallyExecuteNextCaseItem => AfterArm::FallThrough,
            ast::CaseItemPostAction::ContinueEvaluatingCases => AfterArm::TryOthers,
        };
        Ok(Arm {
            patterns,
            body,
            then,
        })
    }

    fn redirect(&mut self, redirect: &ast::IoRedirect) -> Result<Redirect> {
        let (number, action) = match redirect {
            ast::IoRedirect::File(number, kind, target) => {
                (*number, self.file_action(kind, target)?)
            }
            ast::IoRedirect::OutputAndError(word, append) => {
                let placement = if *append {
                    Placement::Append
                } else {
                    Placement::Truncate
                };
                (None, Action::OutputAndError(self.word(word)?, placement))
            }
            ast::IoRedirect::HereString(number, word) => {
                (*number, Action::Text(self.word(word)?, TextEnd::Newline))
            }
            ast::IoRedirect::HereDocument(number, document) => (
                *number,
                Action::Text(self.document(document)?, TextEnd::AsIs),
            ),
        };
        let descriptor = number.map(|number| match self.named.get(&number) {
            Some(name) => Descriptor::Variable(name.clone()),
            None => Descriptor::Number(number),
        });
        Ok(Redirect { descriptor, action })
    }

    fn document(&mut self, document: &ast::IoHereDocument) -> Result<Word> {
        let text = &document.doc.value;
        if document.requires_expansion {
            return self.parse(text, Context::Here);
        }
        let pieces = vec![Piece::Quoted(text.clone())];
        Ok(Word {
            source: text.as_str().into(),
            pieces,
        })
    }

    fn file_action(
        &mut self,
        kind: &ast::IoFileRedirectKind,
        target: &ast::IoFileRedirectTarget,
    ) -> Result<Action> {
        use ast::IoFileRedirectKind as K;
        let target = match target {
            ast::IoFileRedirectTarget::Filename(word) => Target::File(self.word(word)?),
            ast::IoFileRedirectTarget::ProcessSubstitution(kind, list) => {
                Target::Process(direction(kind), self.list(&list.0)?)
            }
            ast::IoFileRedirectTarget::Duplicate(word) => Target::File(self.word(word)?),
            ast::IoFileRedirectTarget::Fd(number) => {
                Target::File(self.parse(&number.to_string(), Context::Bare)?)
            }
        };
        Ok(match (kind, target) {
            (K::Read, target) => Action::Read(target),
            (K::Write, target) => Action::Write(target),
            (K::Append, target) => Action::Append(target),
            (K::Clobber, target) => Action::Clobber(target),
            (K::ReadAndWrite, target) => Action::ReadWrite(target),
            (K::DuplicateInput, Target::File(word)) => Action::DuplicateInput(word),
            (K::DuplicateOutput, Target::File(word)) => Action::DuplicateOutput(word),
            (K::DuplicateInput, target) => Action::Read(target),
            (K::DuplicateOutput, target) => Action::Write(target),
        })
    }

    fn test(&mut self, test: &ast::ExtendedTestExpr) -> Result<Test> {
        use ast::ExtendedTestExpr as T;
        Ok(match test {
            T::And(left, right) => {
                Test::And(Box::new(self.test(left)?), Box::new(self.test(right)?))
            }
            T::Or(left, right) => Test::Or(Box::new(self.test(left)?), Box::new(self.test(right)?)),
            T::Not(inner) => Test::Not(Box::new(self.test(inner)?)),
            T::Parenthesized(inner) => self.test(inner)?,
            T::UnaryTest(predicate, word) => Test::Unary(predicate.to_string(), self.word(word)?),
            T::BinaryTest(predicate, left, right) => {
                let left = self.word(left)?;
                Test::Binary(predicate.to_string(), left, self.word(right)?)
            }
        })
    }
}

fn direction(kind: &ast::ProcessSubstitutionKind) -> Direction {
    match kind {
        ast::ProcessSubstitutionKind::Read => Direction::In,
        ast::ProcessSubstitutionKind::Write => Direction::Out,
    }
}
