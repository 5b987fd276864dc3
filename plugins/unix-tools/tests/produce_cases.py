#!/usr/bin/env python3
"""Produces cases.jsonl: runs each case with the GNU tools of this machine and writes down what they say.

A case is a command line, optionally its standard input and files; what is expected is its standard output, exit
status, the files afterwards where `after` names some, and its standard error where `error` asks for it.
"""
import json, os, subprocess, sys, tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
PEOPLE = "alice 30 london\nbob 25 paris\ncarol 35 rome\ndave 25 oslo\n"
CSV = "id,name,qty\n1,bolt,10\n2,nut,250\n3,gear,7\n"
CODE = "int main() {\n  // TODO: one\n  return 0;\n}\nint helper(void) {\n  return 1; // todo two\n}\n"
JSON = '{"name":"x","tags":["a","b"],"n":{"k":1.5,"z":null},"list":[{"id":2,"v":"q"},{"id":1,"v":"p"}]}'
TREE = {"d/a.txt": "alpha\n", "d/b.rs": "fn main() {}\n", "d/sub/c.txt": "gamma\nalpha\n", "d/sub/.hidden": "h\n", "d/empty": ""}

CASES = []


def case(command, stdin="", files=None, **more):
    CASES.append({"command": command, "stdin": stdin, "files": files or {}, **more})


def shells(lines, stdin="", files=None, **more):
    for line in lines:
        case(line, stdin, files, **more)


def main():
    from cases_source import fill
    fill(case, shells, PEOPLE, CSV, CODE, JSON, TREE)
    out = []
    for entry in CASES:
        with tempfile.TemporaryDirectory() as folder:
            for name, text in entry["files"].items():
                path = os.path.join(folder, name)
                os.makedirs(os.path.dirname(path), exist_ok=True)
                with open(path, "w") as file:
                    file.write(text)
            environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "TZ": "UTC", "HOME": folder}
            done = subprocess.run(["bash", "-c", entry["command"]], cwd=folder, input=entry["stdin"].encode(),
                                  capture_output=True, env=environment)
            record = {key: entry[key] for key in ("command", "stdin", "files") if entry[key]}
            record["stdout"] = done.stdout.decode()
            record["status"] = done.returncode
            if entry.get("error"):
                record["stderr"] = done.stderr.decode()
            if entry.get("after"):
                record["after"] = {}
                for name in entry["after"]:
                    path = os.path.join(folder, name)
                    record["after"][name] = open(path).read() if os.path.isfile(path) else None
            out.append(record)
    with open(os.path.join(HERE, "cases.jsonl"), "w") as file:
        for record in out:
            file.write(json.dumps(record, ensure_ascii=False) + "\n")
    print(len(out), "cases")


if __name__ == "__main__":
    sys.path.insert(0, HERE)
    main()
