//! Listing directories.

use wasip2::filesystem::types::{DescriptorType, ErrorCode, OpenFlags};

use crate::checks;
use crate::expect::{Verdict, fails, same, works};
use crate::place::{Directory, Place, READ, WRITE};

checks! {
    an_empty_directory_lists_nothing,
    a_listing_tells_names_and_kinds,
    a_thousand_names_are_listed_once_each,
    names_of_every_script_are_listed,
    an_ended_listing_stays_ended,
    a_file_is_not_listed,
}

fn an_empty_directory_lists_nothing(at: &Place) -> Verdict {
    same(works(at.own.entries())?, Vec::new())?;
    works(at.own.create_directory_at("nested"))?;
    let nested = works(at.own.open("nested", OpenFlags::DIRECTORY, READ))?;
    same(works(nested.entries())?, Vec::new())
}

fn a_listing_tells_names_and_kinds(at: &Place) -> Verdict {
    works(at.own.make("file", "text"))?;
    works(at.own.create_directory_at("nested"))?;
    works(at.own.symlink_at("nowhere", "link"))?;
    let expected = [
        ("file", DescriptorType::RegularFile),
        ("link", DescriptorType::SymbolicLink),
        ("nested", DescriptorType::Directory),
    ];
    let expected = expected.map(|(name, kind)| (name.to_owned(), kind));
    same(works(at.own.entries())?, expected.to_vec())
}

fn a_thousand_names_are_listed_once_each(at: &Place) -> Verdict {
    let mut expected = Vec::new();
    for number in 0..1_000 {
        let name = format!("file.{number:03}");
        works(at.own.open(&name, OpenFlags::CREATE, WRITE))?;
        expected.push((name, DescriptorType::RegularFile));
    }
    same(works(at.own.entries())?, expected)
}

fn names_of_every_script_are_listed(at: &Place) -> Verdict {
    let mut expected = Vec::new();
    for name in [
        "Ω", "été", "поле", "目录", "🙂", " ", "a b", "-", "\\", "\n",
    ] {
        works(at.own.make(name, "text"))?;
        expected.push((name.to_owned(), DescriptorType::RegularFile));
    }
    expected.sort_by(|one, other| one.0.cmp(&other.0));
    same(works(at.own.entries())?, expected)
}

fn an_ended_listing_stays_ended(at: &Place) -> Verdict {
    works(at.own.make("file", "text"))?;
    let stream = works(at.own.read_directory())?;
    same(works(stream.read_directory_entry())?.is_some(), true)?;
    for _ in 0..3 {
        same(works(stream.read_directory_entry())?.is_none(), true)?;
    }
    Ok(())
}

fn a_file_is_not_listed(at: &Place) -> Verdict {
    works(at.own.make("file", "text"))?;
    let file = works(at.own.open("file", OpenFlags::empty(), READ))?;
    fails(file.read_directory(), ErrorCode::NotDirectory)
}
