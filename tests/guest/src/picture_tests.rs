use std::fs;

use super::{Area, Picture};

fn picture() -> Picture {
    Picture::from_ppm(b"P6\n3 2\n255\n\0\0\0\xff\xff\xff\0\0\0\0\0\0\x10\x20\x30\0\0\0").unwrap()
}

#[test]
fn a_ppm_is_read_or_refused() {
    assert_eq!(picture().size(), (3, 2));
    assert_eq!(picture().colours(), 3);
    for bad in [&b"P6\n3 2\n255\n\0\0"[..], b"P5\n1 1\n255\n\0\0\0", b"P6\n1 1\n65535\n\0\0\0\0\0\0", b"P6"] {
        assert!(Picture::from_ppm(bad).is_err(), "{bad:?}");
    }
}

#[test]
fn a_part_and_a_change_are_found() {
    let whole = picture();
    let part = whole.crop(Area { x: 1, y: 0, width: 2, height: 2 });
    assert_eq!((part.size(), part.colours()), ((2, 2), 3));
    assert_eq!(whole.change(&whole), None);
    let other = Picture::from_ppm(b"P6\n3 2\n255\n\0\0\0\0\0\0\0\0\0\0\0\0\x10\x20\x30\0\0\x01").unwrap();
    assert_eq!(whole.change(&other), Some(Area { x: 1, y: 0, width: 2, height: 2 }));
}

#[test]
fn a_picture_is_saved_with_as_many_colours_as_a_palette_holds() {
    let mut ppm = b"P6\n64 32\n255\n".to_vec();
    for row in (0..=u8::MAX).step_by(8) {
        ppm.extend((0..=u8::MAX).step_by(4).flat_map(|column| [column, row, 255]));
    }
    let many = Picture::from_ppm(&ppm).unwrap();
    let folder = tempfile::tempdir().unwrap();
    for (name, picture, colours) in [("few", picture(), 3), ("many", many, 256)] {
        let path = folder.path().join(name);
        picture.save(&path);
        let bytes = fs::read(&path).unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().unwrap();
        assert_eq!(reader.info().palette.as_ref().unwrap().len() / 3, colours, "{name}");
        let mut indices = vec![0; reader.output_buffer_size().unwrap()];
        let frame = reader.next_frame(&mut indices).unwrap();
        assert_eq!((frame.width as usize, frame.height as usize), picture.size());
    }
}
