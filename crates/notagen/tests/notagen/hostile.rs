//! Weight files made to do harm, each by a name. The crate `cli` reads this file too: whatever is here
//! goes through the reader of a model folder and through the import command.

use std::io::Write;

use zip::write::SimpleFileOptions;

/// A zip archive of these files, packed so that nothing is as large as it looks.
fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in files {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// A zip archive with this pickle, as `torch.save` names it.
fn pth(pickle: &[u8]) -> Vec<u8> {
    zip(&[("model/data.pkl", pickle)])
}

/// A list of ten of the list before, so many times over: 24 bytes for ten times the objects.
fn bomb(levels: u8) -> Vec<u8> {
    let mut bomb = b"\x80\x02]q\0".to_vec();
    for level in 0..levels {
        bomb.extend(b"](");
        bomb.extend([b'h', level].repeat(10));
        bomb.extend([b'e', b'q', level + 1]);
    }
    bomb.push(b'.');
    bomb
}

fn text(text: &str) -> Vec<u8> {
    [
        b"X",
        &(text.len() as u32).to_le_bytes()[..],
        text.as_bytes(),
    ]
    .concat()
}

/// `{'model': {name: _rebuild_tensor_v2(storage '0', 0, size, stride)}}`, size and stride as opcodes.
fn tensor(storage: &str, size: &[u8], stride: &[u8]) -> Vec<u8> {
    let name = "char_level_decoder.base.transformer.wte.weight";
    named_tensor(name, storage, size, stride)
}

fn named_tensor(name: &str, storage: &str, size: &[u8], stride: &[u8]) -> Vec<u8> {
    [
        b"\x80\x02}",
        &text("model")[..],
        b"}",
        &text(name),
        b"ctorch._utils\n_rebuild_tensor_v2\n((",
        &text("storage"),
        format!("ctorch\n{storage}\n").as_bytes(),
        &text("0"),
        &text("cpu"),
        b"K\x01tQK\0(",
        size,
        b"t(",
        stride,
        b"t\x89}tRss.",
    ]
    .concat()
}

/// Files that end with `.pth`.
pub(crate) fn pickles() -> Vec<(&'static str, Vec<u8>)> {
    let huge = [b"J\xff\xff\xff\x7f".as_slice(); 3].concat();
    let bad = |pickle: &[u8]| pth(pickle);
    let two = [("model/data.pkl", &b"}."[..]), ("b/data.pkl", &bomb(12))];
    let long = vec![b'N'; 20 << 20];
    let names: Vec<String> = (0..17_000).map(|index| format!("m/{index}")).collect();
    let many: Vec<(&str, &[u8])> = names.iter().map(|name| (&name[..], &b""[..])).collect();
    let mut dicts = b"\x80\x02}q\0".to_vec();
    for level in 0..12 {
        dicts.extend(b"}(");
        (0..10).for_each(|key| dicts.extend([b'K', key, b'h', level]));
        dicts.extend([b'u', b'q', level + 1]);
    }
    dicts.push(b'.');
    vec![
        ("an empty file", Vec::new()),
        ("four bytes", b"PK\x03\x04".to_vec()),
        (
            "a zip that ends at once",
            b"PK\x03\x04 and nothing of the kind".to_vec(),
        ),
        ("a page", b"<html>404</html>".to_vec()),
        ("an old pickle", b"\x80\x02}q\0.".to_vec()),
        ("a zip without a pickle", zip(&[("model/data", b"")])),
        ("a zip of 17,000 files", zip(&many)),
        ("a name that climbs", zip(&[("../../data.pkl", b"N.")])),
        ("an empty pickle", bad(b"")),
        ("a stop", bad(b".")),
        ("nothing", bad(b"N.")),
        ("a list", bad(b"].")),
        ("a memo bomb", bad(&bomb(12))),
        ("a larger memo bomb", bad(&bomb(250))),
        ("a memo bomb of dictionaries", bad(&dicts)),
        ("a memo bomb in a second pickle", zip(&two)),
        (
            "a deep nest",
            bad(&[&b"N"[..], &[0x85].repeat(2_000_000), b"."].concat()),
        ),
        ("a pickle of 20 MiB in some kilobytes", bad(&long)),
        ("a text longer than the file", bad(b"X\xff\xff\xff\xff.")),
        ("a number longer than the file", bad(b"\x8a\xffN.")),
        ("a line without an end", bad(b"cos")),
        (
            "a frame of protocol 4",
            bad(b"\x80\x04\x95\xff\xff\xff\xff\xff\xff\xff\xffN."),
        ),
        ("a long of protocol 2", bad(b"\x8b\xff\xff\xff\x7fN.")),
        ("a memo that is not there", bad(b"\x80\x02h\x07.")),
        ("items without a mark", bad(b"\x80\x02}u.")),
        ("a build of nothing", bad(b"\x80\x02b.")),
        (
            "a command",
            bad(b"\x80\x02cos\nsystem\n(X\x04\0\0\0truetR."),
        ),
        ("a command in the dictionary", {
            let command = b"}X\x01\0\0\0tcos\nsystem\n(X\x04\0\0\0truetRss.";
            bad(&[b"\x80\x02}X\x05\0\0\0model", &command[..]].concat())
        }),
        ("no weights", bad(b"\x80\x02}X\x05\0\0\0model}s.")),
        ("other weights", bad(b"\x80\x02}X\x05\0\0\0other}s.")),
        ("too few arguments", {
            let short = b"}X\x01\0\0\0tctorch._utils\n_rebuild_tensor_v2\n)Rss.";
            bad(&[b"\x80\x02}X\x05\0\0\0model", &short[..]].concat())
        }),
        ("a tensor without its numbers", {
            bad(&tensor("FloatStorage", b"K\x01K\x01", b"K\x01K\x01"))
        }),
        (
            "a tensor of 2^93 numbers",
            bad(&tensor("FloatStorage", &huge, &huge)),
        ),
        ("a tensor of 8 GB", {
            bad(&tensor("FloatStorage", b"J\xff\xff\xff\x7f", b"K\x01"))
        }),
        ("a name that steers terminals", {
            let name = format!("\u{1b}]0;gone\u{7}\r{}", "long ".repeat(1000));
            let size = b"J\xff\xff\xff\x7f";
            bad(&named_tensor(&name, "FloatStorage", size, b"K\x01"))
        }),
        (
            "a negative size",
            bad(&tensor("FloatStorage", b"J\xff\xff\xff\xff", b"K\x01")),
        ),
        (
            "more strides than sizes",
            bad(&tensor("HalfStorage", b"K\x01", b"K\x01K\x01")),
        ),
        (
            "a size that is a text",
            bad(&tensor("FloatStorage", &text("1"), b"K\x01")),
        ),
        (
            "an unknown storage",
            bad(&tensor("ComplexStorage", b"K\x01", b"K\x01")),
        ),
    ]
}

/// A file of safetensors with this header and no data.
fn header(header: &str) -> Vec<u8> {
    let length = (header.len() as u64).to_le_bytes();
    [&length[..], header.as_bytes()].concat()
}

/// Files that end with `.safetensors`.
pub(crate) fn safetensors() -> Vec<(&'static str, Vec<u8>)> {
    const WTE: &str = "char_level_decoder.base.transformer.wte.weight";
    const WPE: &str = "patch_level_decoder.base.wpe.weight";
    let entry = r#""t":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}"#;
    let many: Vec<String> = (0..5000)
        .map(|index| format!(r#""t{index}":{{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}"#))
        .collect();
    let embeddings = |hidden: u64, length: u64| {
        let (middle, end) = (128 * hidden * 4, (128 + length) * hidden * 4);
        let head = header(&format!(
            r#"{{"{WTE}":{{"dtype":"F32","shape":[128,{hidden}],"data_offsets":[0,{middle}]}},
                "{WPE}":{{"dtype":"F32","shape":[{length},{hidden}],"data_offsets":[{middle},{end}]}}}}"#
        ));
        [head, vec![0; end as usize]].concat()
    };
    let packed = |layout: &str, version: &str, dtype: &str| {
        header(&format!(
            r#"{{"__metadata__":{{"partita.layout":"{layout}","partita.version":"{version}",
                "partita.dtype":"{dtype}"}}}}"#
        ))
    };
    vec![
        ("an empty file", Vec::new()),
        ("seven bytes", vec![0; 7]),
        ("no header", vec![0; 8]),
        ("a header of 2^64 bytes", vec![0xff; 8]),
        (
            "a header beyond the limit",
            [&(1_u64 << 21).to_le_bytes()[..], &[b' '; 64]].concat(),
        ),
        ("a header that is not all there", header("{}")[..9].to_vec()),
        ("bytes after the end", [header("{}"), vec![0]].concat()),
        ("5,000 tensors", header(&format!("{{{}}}", many.join(",")))),
        ("a name twice", header(&format!("{{{entry},{entry}}}"))),
        ("a list", header("[]")),
        ("a number for a tensor", header("{\"t\":7}")),
        ("a deep nest", header(&"[".repeat(500_000))),
        ("a shape beyond all numbers", {
            header(r#"{"t":{"dtype":"F32","shape":[18446744073709551615,9],"data_offsets":[0,0]}}"#)
        }),
        (
            "a hole",
            header(r#"{"t":{"dtype":"U8","shape":[1],"data_offsets":[4,5]}}"#),
        ),
        ("an end before its beginning", {
            header(r#"{"t":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}"#)
        }),
        (
            "an unknown type",
            header(r#"{"t":{"dtype":"F99","shape":[1],"data_offsets":[0,4]}}"#),
        ),
        ("no tensors", header("{}")),
        ("a width of 0", embeddings(0, 16)),
        ("a width that no head divides", embeddings(65, 16)),
        ("no context", embeddings(64, 0)),
        ("embeddings and no layers", embeddings(64, 16)),
        ("an unknown layout", packed("tiles", "1", "q8_0")),
        ("a later version", packed("panels", "2", "q8_0")),
        ("a format of others", packed("panels", "1", "q2_k")),
        ("panels without tensors", packed("panels", "1", "q8_0")),
    ]
}
