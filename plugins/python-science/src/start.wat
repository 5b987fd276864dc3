;; Makes a command of the interpreter, which is a module with a function `run` and calls one function of its host's.
(module
  (import "__main_module__" "run" (func $run (result i32)))
  (import "wasi:cli/exit@0.2.12" "exit-with-code" (func $exit-with-code (param i32)))

  (func (export "wasi:cli/run@0.2.12#run") (result i32)
    (local $status i32)
    (local.set $status (call $run))
    (if (local.get $status)
      (then (call $exit-with-code (i32.and (local.get $status) (i32.const 0xff)))))
    (i32.const 0))

  ;; `host.call` leads to functions of the program that embeds the interpreter. -1: there is none.
  (func (export "call") (param i32 i32 i32 i32) (result i32)
    (i32.const -1)))
