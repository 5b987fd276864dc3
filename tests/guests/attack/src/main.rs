//! Tries to do what its grants do not allow, in every way WASI 0.2 offers, and what they do allow.
//! Argument: the folder that the test laid out (see `attacks.rs` in the sandbox's tests). Prints one line a check, `ok`
//! or `BROKEN`, and what happened.

use wasip2::filesystem::preopens::get_directories;
use wasip2::filesystem::types::{
    Descriptor, DescriptorFlags, ErrorCode, NewTimestamp, OpenFlags, PathFlags,
};

const FOLLOW: PathFlags = PathFlags::SYMLINK_FOLLOW;

struct Guest {
    root: Descriptor,
    folder: String,
}

impl Guest {
    /// A path below the test's folder, as the root descriptor names it.
    fn at(&self, path: &str) -> String {
        format!("{}/{path}", self.folder.trim_start_matches('/'))
    }

    fn read(&self, path: &str) -> Result<String, ErrorCode> {
        read_in(&self.root, &self.at(path))
    }

    fn open_for_writing(&self, path: &str, open: OpenFlags) -> Result<Descriptor, ErrorCode> {
        self.root
            .open_at(FOLLOW, &self.at(path), open, DescriptorFlags::WRITE)
    }

    fn write(&self, path: &str) -> Result<(), ErrorCode> {
        self.open_for_writing(path, OpenFlags::empty())?
            .write(b"overwritten", 0)
            .map(|_| ())
    }

    fn create(&self, path: &str) -> Result<(), ErrorCode> {
        self.open_for_writing(path, OpenFlags::CREATE)?
            .write(b"new", 0)
            .map(|_| ())
    }

    fn truncate(&self, path: &str) -> Result<(), ErrorCode> {
        // Asks for no right to write, only for the truncation.
        self.root
            .open_at(
                FOLLOW,
                &self.at(path),
                OpenFlags::TRUNCATE,
                DescriptorFlags::READ,
            )
            .map(|_| ())
    }

    fn mkdir(&self, path: &str) -> Result<(), ErrorCode> {
        self.root.create_directory_at(&self.at(path))
    }

    fn unlink(&self, path: &str) -> Result<(), ErrorCode> {
        self.root.unlink_file_at(&self.at(path))
    }

    fn rmdir(&self, path: &str) -> Result<(), ErrorCode> {
        self.root.remove_directory_at(&self.at(path))
    }

    fn rename(&self, from: &str, to: &str) -> Result<(), ErrorCode> {
        self.root
            .rename_at(&self.at(from), &self.root, &self.at(to))
    }

    fn link(&self, from: &str, to: &str) -> Result<(), ErrorCode> {
        self.root
            .link_at(PathFlags::empty(), &self.at(from), &self.root, &self.at(to))
    }

    fn symlink(&self, target: &str, path: &str) -> Result<(), ErrorCode> {
        self.root.symlink_at(target, &self.at(path))
    }

    fn stat(&self, path: &str) -> Result<(), ErrorCode> {
        self.root.stat_at(FOLLOW, &self.at(path)).map(|_| ())
    }

    fn touch(&self, path: &str) -> Result<(), ErrorCode> {
        self.root
            .set_times_at(FOLLOW, &self.at(path), NewTimestamp::Now, NewTimestamp::Now)
    }

    fn directory(&self, path: &str) -> Result<Descriptor, ErrorCode> {
        let flags = DescriptorFlags::READ | DescriptorFlags::MUTATE_DIRECTORY;
        self.root
            .open_at(FOLLOW, &self.at(path), OpenFlags::DIRECTORY, flags)
    }

    fn list(&self, path: &str) -> Result<Vec<String>, ErrorCode> {
        names(&self.directory(path)?)
    }
}

fn read_in(directory: &Descriptor, path: &str) -> Result<String, ErrorCode> {
    let file = directory.open_at(FOLLOW, path, OpenFlags::empty(), DescriptorFlags::READ)?;
    file.read(1000, 0)
        .map(|(bytes, _)| String::from_utf8_lossy(&bytes).into_owned())
}

fn names(directory: &Descriptor) -> Result<Vec<String>, ErrorCode> {
    let stream = directory.read_directory()?;
    let mut names = Vec::new();
    while let Some(entry) = stream.read_directory_entry()? {
        names.push(entry.name);
    }
    names.sort();
    Ok(names)
}

/// The outcome that the rules demand.
fn refused<T>(what: &str, result: Result<T, ErrorCode>, codes: &[ErrorCode]) {
    match result {
        Err(code) if codes.contains(&code) => println!("ok {what}: {code:?}"),
        Err(code) => println!("BROKEN {what}: refused with {code:?}, not {codes:?}"),
        Ok(_) => println!("BROKEN {what}: it was allowed"),
    }
}

fn allowed<T: PartialEq + std::fmt::Debug>(what: &str, result: Result<T, ErrorCode>, expected: T) {
    match result {
        Ok(value) if value == expected => println!("ok {what}"),
        Ok(value) => println!("BROKEN {what}: {value:?}, not {expected:?}"),
        Err(code) => println!("BROKEN {what}: refused with {code:?}"),
    }
}

fn main() {
    use ErrorCode::{CrossDevice, Exist, Loop, NoEntry, NotDirectory, NotEmpty, NotPermitted};
    let folder = std::env::args().nth(1).expect("the folder");
    let (root, name) = get_directories().remove(0);
    assert_eq!(name, "/");
    let guest = Guest { root, folder };
    let text = |text: &str| text.to_owned();

    // Outside every grant.
    refused("read outside", guest.read("outside/secret.txt"), &[NoEntry]);
    refused("stat outside", guest.stat("outside/secret.txt"), &[NoEntry]);
    refused("list outside", guest.list("outside"), &[NoEntry]);
    refused(
        "write outside",
        guest.write("outside/secret.txt"),
        &[NotPermitted],
    );
    refused(
        "create outside",
        guest.create("outside/new.txt"),
        &[NotPermitted],
    );
    refused(
        "truncate outside",
        guest.truncate("outside/secret.txt"),
        &[NotPermitted],
    );
    refused("mkdir outside", guest.mkdir("outside/new"), &[NotPermitted]);
    refused(
        "unlink outside",
        guest.unlink("outside/secret.txt"),
        &[NotPermitted],
    );
    refused(
        "read /etc/passwd",
        read_in(&guest.root, "etc/passwd"),
        &[NoEntry],
    );
    refused(
        "read /proc/self/environ",
        read_in(&guest.root, "proc/self/environ"),
        &[NoEntry],
    );
    refused(
        "absolute path text",
        read_in(&guest.root, "/etc/passwd"),
        &[NotPermitted],
    );
    refused(
        "climb above the root",
        read_in(&guest.root, "../etc/passwd"),
        &[NotPermitted],
    );
    refused(
        "climb out of the workspace",
        guest.read("ws/../outside/secret.txt"),
        &[NoEntry],
    );
    refused(
        "climb through a missing name",
        guest.read("ws/none/../../outside/secret.txt"),
        &[NoEntry],
    );

    // An open directory cannot be left.
    if let Ok(workspace) = guest.directory("ws") {
        refused(
            "climb out of an open directory",
            read_in(&workspace, "../outside/secret.txt"),
            &[NotPermitted],
        );
        refused(
            "climb and come back",
            read_in(&workspace, "../ws/mine.txt"),
            &[NotPermitted],
        );
        allowed(
            "read in an open directory",
            read_in(&workspace, "mine.txt"),
            text("mine"),
        );
        allowed(
            "read by a detour",
            read_in(&workspace, "sub/../mine.txt"),
            text("mine"),
        );
    } else {
        println!("BROKEN open the workspace directory");
    }

    // Links that the host left.
    refused(
        "link to a file outside",
        guest.read("ws/link_out"),
        &[NoEntry],
    );
    refused(
        "write through a link outside",
        guest.write("ws/link_out"),
        &[NotPermitted],
    );
    refused(
        "create through a dangling link outside",
        guest.create("ws/link_new"),
        &[NotPermitted],
    );
    refused(
        "absolute link outside",
        guest.read("ws/link_absolute"),
        &[NoEntry],
    );
    refused(
        "link to a directory outside",
        guest.read("ws/link_dir/secret.txt"),
        &[NoEntry],
    );
    refused(
        "chain of links outside",
        guest.read("ws/link_chain"),
        &[NoEntry],
    );
    refused(
        "link that names itself",
        guest.read("ws/link_loop"),
        &[Loop],
    );
    refused(
        "link to /proc/self/root",
        guest.read("ws/link_magic/etc/passwd"),
        &[NoEntry],
    );
    refused(
        "write through a link to a read-only context",
        guest.write("ws/link_context"),
        &[NotPermitted],
    );
    allowed(
        "read through a link to a context",
        guest.read("ws/link_context"),
        text("context"),
    );
    refused(
        "write through a link to a protected file",
        guest.write("open/link_keep"),
        &[NotPermitted],
    );

    // Links that the guest makes.
    refused(
        "make an absolute link",
        guest.symlink("/etc/passwd", "ws/made_absolute"),
        &[NotPermitted],
    );
    allowed(
        "make a link",
        guest.symlink("../outside/secret.txt", "ws/made"),
        (),
    );
    refused(
        "read through the link it made",
        guest.read("ws/made"),
        &[NoEntry],
    );
    refused(
        "make a link in a read-only context",
        guest.symlink("a.txt", "context/made"),
        &[NotPermitted],
    );

    // A read-only context.
    allowed(
        "read a context",
        guest.read("context/a.txt"),
        text("context"),
    );
    refused(
        "write a read-only context",
        guest.write("context/a.txt"),
        &[NotPermitted],
    );
    refused(
        "truncate in a read-only context",
        guest.truncate("context/a.txt"),
        &[NotPermitted],
    );
    refused(
        "create in a read-only context",
        guest.create("context/new.txt"),
        &[NotPermitted],
    );
    refused(
        "touch in a read-only context",
        guest.touch("context/a.txt"),
        &[NotPermitted],
    );
    refused(
        "unlink in a read-only context",
        guest.unlink("context/a.txt"),
        &[NotPermitted],
    );
    refused(
        "move out of a read-only context",
        guest.rename("context/a.txt", "ws/a.txt"),
        &[NotPermitted],
    );
    refused(
        "move into a read-only context",
        guest.rename("ws/mine.txt", "context/a.txt"),
        &[NotPermitted],
    );
    refused(
        "hard link out of a read-only context",
        guest.link("context/a.txt", "ws/hard.txt"),
        &[NotPermitted],
    );

    // Protected paths in a writable context.
    allowed("write a writable context", guest.write("open/free.txt"), ());
    allowed(
        "read a protected file",
        guest.read("open/keep/secret.txt"),
        text("protected"),
    );
    refused(
        "write a protected file",
        guest.write("open/keep/secret.txt"),
        &[NotPermitted],
    );
    refused(
        "write a protected file by another spelling",
        guest.write("open//./deep/../keep/secret.txt"),
        &[NotPermitted],
    );
    refused(
        "create in a protected directory",
        guest.create("open/keep/new.txt"),
        &[NotPermitted],
    );
    refused(
        "create a protected path that is missing",
        guest.create("open/missing.txt"),
        &[NotPermitted],
    );
    refused(
        "mkdir a protected path that is missing",
        guest.mkdir("open/missing.txt"),
        &[NotPermitted],
    );
    refused(
        "rename onto a protected file",
        guest.rename("open/free.txt", "open/keep/secret.txt"),
        &[NotPermitted],
    );
    refused(
        "rename a protected directory",
        guest.rename("open/keep", "open/moved"),
        &[NotPermitted],
    );
    refused(
        "rename an ancestor of a protected path",
        guest.rename("open/deep", "open/moved"),
        &[NotPermitted],
    );
    refused(
        "replace an ancestor of a protected path",
        guest.rename("open/empty", "open/deep"),
        &[NotPermitted],
    );
    refused(
        "remove a protected directory",
        guest.rmdir("open/keep"),
        &[NotPermitted],
    );
    refused(
        "remove a protected file",
        guest.unlink("open/keep/secret.txt"),
        &[NotPermitted],
    );
    refused(
        "hard link a protected file",
        guest.link("open/keep/secret.txt", "open/alias2.txt"),
        &[NotPermitted],
    );
    refused(
        "touch a protected file",
        guest.touch("open/keep/secret.txt"),
        &[NotPermitted],
    );
    refused(
        "write through a hard link that was there",
        guest.write("open/alias.txt"),
        &[NotPermitted],
    );
    refused(
        "truncate through a hard link that was there",
        guest.truncate("open/alias.txt"),
        &[NotPermitted],
    );
    refused(
        "touch through a hard link that was there",
        guest.touch("open/alias.txt"),
        &[NotPermitted],
    );

    // Excluded names in a writable context.
    allowed(
        "read an excluded name",
        guest.read("open/.env"),
        text("key"),
    );
    refused(
        "write an excluded name",
        guest.write("open/.env"),
        &[NotPermitted],
    );
    refused(
        "create below an excluded name",
        guest.create("open/.git/hooks"),
        &[NotPermitted],
    );
    refused(
        "rename onto an excluded name",
        guest.rename("open/empty", "open/node_modules"),
        &[NotPermitted],
    );
    refused(
        "take an excluded name away",
        guest.rename("open/.git", "ws/git"),
        &[NotPermitted],
    );
    refused(
        "move a tree to another grant",
        guest.rename("open/empty", "ws/empty"),
        &[CrossDevice],
    );

    // A file that was granted alone.
    allowed(
        "read the granted file",
        guest.read("single/only.txt"),
        text("only"),
    );
    refused(
        "read its sibling",
        guest.read("single/other.txt"),
        &[NoEntry],
    );
    refused(
        "stat its sibling",
        guest.stat("single/other.txt"),
        &[NoEntry],
    );
    refused(
        "create a sibling",
        guest.create("single/new.txt"),
        &[NotPermitted],
    );
    refused(
        "write the granted file",
        guest.write("single/only.txt"),
        &[NotPermitted],
    );
    refused(
        "go below the granted file",
        guest.read("single/only.txt/x"),
        &[NoEntry, NotDirectory],
    );
    allowed(
        "list its directory",
        guest.list("single"),
        vec![text("only.txt")],
    );

    // The grants themselves.
    refused("remove the workspace", guest.rmdir("ws"), &[NotPermitted]);
    refused(
        "rename the workspace",
        guest.rename("ws", "open/ws"),
        &[NotPermitted],
    );
    refused(
        "rename a context over the workspace",
        guest.rename("open/empty", "ws"),
        &[NotPermitted],
    );
    refused(
        "mkdir beside the grants",
        guest.mkdir("beside"),
        &[NotPermitted],
    );
    allowed(
        "see only the way to the grants",
        guest.list(""),
        ["context", "open", "single", "ws"]
            .map(str::to_owned)
            .to_vec(),
    );

    // Special files.
    refused("open a pipe", guest.read("ws/pipe"), &[NoEntry]);
    refused("write a pipe", guest.write("ws/pipe"), &[NotPermitted]);
    refused(
        "exclusive create over a link",
        guest.open_for_writing("ws/link_new", OpenFlags::CREATE | OpenFlags::EXCLUSIVE),
        &[Exist],
    );
    refused(
        "a slash behind a file",
        guest.read("ws/mine.txt/"),
        &[NotDirectory],
    );

    // Ordinary work goes on.
    allowed("create a file", guest.create("ws/new.txt"), ());
    allowed("read it back", guest.read("ws/new.txt"), text("new"));
    allowed("make a directory", guest.mkdir("ws/made_dir"), ());
    allowed(
        "move into it",
        guest.rename("ws/new.txt", "ws/made_dir/new.txt"),
        (),
    );
    refused("remove it full", guest.rmdir("ws/made_dir"), &[NotEmpty]);
    allowed(
        "hard link in the workspace",
        guest.link("ws/made_dir/new.txt", "ws/second.txt"),
        (),
    );
    allowed(
        "write a file whose names are all in the workspace",
        guest.write("ws/second.txt"),
        (),
    );
    allowed(
        "unlink",
        guest
            .unlink("ws/made_dir/new.txt")
            .and_then(|()| guest.unlink("ws/second.txt")),
        (),
    );
    allowed("remove the directory", guest.rmdir("ws/made_dir"), ());
    allowed("touch", guest.touch("ws/mine.txt"), ());
    allowed(
        "excluded names are free in the workspace",
        guest
            .mkdir("ws/.git")
            .and_then(|()| guest.create("ws/.git/config")),
        (),
    );
}
