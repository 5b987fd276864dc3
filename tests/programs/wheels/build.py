"""Writes wheels into the directory `wheels`: sound ones, and one for each way in which a wheel can be wrong."""

import base64
import hashlib
import os
import stat
import zipfile


def build(
    name,
    version,
    files,
    requires=(),
    tag="py3-none-any",
    scripts="",
    forge=None,
    spoil=None,
    links=(),
):
    """Writes one wheel. `forge` are files that RECORD does not list, `spoil` one whose hash is wrong."""
    info = f"{name}-{version}.dist-info"
    metadata = (
        f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nSummary: {name} for tests\n"
    )
    metadata += "".join(f"Requires-Dist: {each}\n" for each in requires)
    files = {
        **files,
        f"{info}/METADATA": metadata,
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: {tag}\n",
    }
    if scripts:
        files[f"{info}/entry_points.txt"] = f"[console_scripts]\n{scripts}\n"
    record = []
    for path, text in files.items():
        digest = (
            base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        )
        if path == spoil:
            digest = digest[::-1]
        record.append(f"{path},sha256={digest},{len(text)}")
    files[f"{info}/RECORD"] = "\n".join([*record, f"{info}/RECORD,,", ""])
    files.update(forge or {})
    with zipfile.ZipFile(
        f"wheels/{name}-{version}-{tag}.whl", "w", zipfile.ZIP_DEFLATED
    ) as archive:
        for path, text in files.items():
            member = zipfile.ZipInfo(path)
            if path in links:
                member.external_attr = (stat.S_IFLNK | 0o777) << 16
            archive.writestr(member, text)


os.makedirs("wheels", exist_ok=True)
build("greet", "1.0", {"greet/__init__.py": "def hello():\n    return 'hello 1.0'\n"})
build(
    "greet", "1.2",
    {
        "greet/__init__.py": (
            "from polite import please\n"
            "def hello():\n    return f'hello 1.2, {please}'\n"
            "def main():\n    print(hello())\n"
        ),
        "greet/__main__.py": "from greet import hello\nprint(hello())\n",
    },
    requires=["polite>=2", "absent; sys_platform == 'win32'", "loud; extra == 'noise'"],
    scripts="greet = greet:main",
)  # fmt: skip
build("polite", "2.1", {"polite.py": "please = 'please'\n"})
build("polite", "1.0", {"polite.py": "please = 'now'\n"})
build("demanding", "1.0", {"demanding.py": ""}, requires=["nowhere>=3"])
build("picky", "1.0", {"picky.py": ""}, requires=["greet==1.2", "polite<2"])
build("spoiled", "1.0", {"spoiled.py": "x = 1\n"}, spoil="spoiled.py")
build("forged", "1.0", {"forged.py": ""}, forge={"extra.py": "print('never listed')\n"})
build("climber", "1.0", {"climber.py": "", "../../../escaped.py": "x = 1\n"})
build("rooted", "1.0", {"rooted.py": "", "/escaped.py": "x = 1\n"})
build("linked", "1.0", {"linked.py": "", "linked_to": "/etc/passwd"}, links=["linked_to"])
build("sneaky", "1.0", {"sneaky.so": "ELF"})
build("native", "1.0", {"native.py": ""}, tag="cp314-cp314-manylinux_2_17_x86_64")
with open("wheels/torn-1.0-py3-none-any.whl", "w") as file:
    file.write("no zip file")
