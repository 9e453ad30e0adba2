//! Makes small pictures of large ones: `acme:images/thumbnail`.

use std::io::Cursor;

use exports::acme::images::thumbnail::{Failure, Guest, Picture, Size};
use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits};

wit_bindgen::generate!({ path: "../wit", world: "images" });

struct Images;
export!(Images);

/// Larger pictures are refused before they are decoded: a file of a few kB can claim to be a huge picture.
const LARGEST: Size = Size { width: 8192, height: 8192 };
/// Bytes that decoding may take.
const MEMORY: u64 = 256 * 1024 * 1024;

impl Guest for Images {
    fn shrink(file: Vec<u8>, bounds: Size) -> Result<Picture, Failure> {
        if bounds.width == 0 || bounds.height == 0 {
            return Err(Failure::EmptyBounds);
        }
        let picture = decode(&file)?;
        encode(&fit(picture, bounds))
    }
}

/// The picture as a person would see it: a camera that was held upright says so beside the pixels.
fn decode(file: &[u8]) -> Result<DynamicImage, Failure> {
    let mut reader = ImageReader::new(Cursor::new(file))
        .with_guessed_format()
        .map_err(|error| Failure::Damaged(error.to_string()))?;
    let mut limits = Limits::default();
    limits.max_image_width = Some(LARGEST.width);
    limits.max_image_height = Some(LARGEST.height);
    limits.max_alloc = Some(MEMORY);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(failure)?;
    let orientation = decoder.orientation().map_err(failure)?;
    let mut picture = DynamicImage::from_decoder(decoder).map_err(failure)?;
    picture.apply_orientation(orientation);
    Ok(picture)
}

fn fit(picture: DynamicImage, bounds: Size) -> DynamicImage {
    if picture.width() <= bounds.width && picture.height() <= bounds.height {
        return picture;
    }
    picture.thumbnail(bounds.width, bounds.height)
}

fn encode(picture: &DynamicImage) -> Result<Picture, Failure> {
    let mut png = Cursor::new(Vec::new());
    picture.write_to(&mut png, ImageFormat::Png).map_err(failure)?;
    let size = Size { width: picture.width(), height: picture.height() };
    Ok(Picture { size, png: png.into_inner() })
}

fn failure(error: ImageError) -> Failure {
    match error {
        ImageError::Unsupported(_) => Failure::UnknownFormat,
        ImageError::Limits(_) => Failure::TooLarge(LARGEST),
        other => Failure::Damaged(other.to_string()),
    }
}
