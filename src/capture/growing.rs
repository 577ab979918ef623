//! A recording as a file that grows while it is made, so that it can be followed, and is there when its process is killed.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use pcap_file::pcapng::PcapNgWriter;

use super::pcapng::{CaptureError, begin, put};
use super::recording::Recording;

/// A pcapng file that takes the frames of one recording as they come.
///
/// Its section comment cannot name the ports that are still to be seen; [`super::pcapng::write`] makes the file that does.
/// Frames are encoded when they are written, many at a time: between two writes nothing is done for them.
pub struct GrowingFile {
    file: File,
    writer: PcapNgWriter<Vec<u8>>,
    /// Frames that are in the file.
    written: usize,
}

impl GrowingFile {
    /// A file with the lanes of a recording, and the frames that it has.
    ///
    /// # Errors
    /// [`CaptureError::Io`] when the file cannot be made.
    pub fn create(path: &Path, recording: &Recording) -> Result<Self, CaptureError> {
        let file = File::create(path).map_err(CaptureError::Io)?;
        let mut growing = Self { file, writer: begin(recording, Vec::new())?, written: 0 };
        growing.write(recording)?;
        Ok(growing)
    }

    /// Writes the frames that came since the last time, in one go: what was written survives the process.
    ///
    /// # Errors
    /// [`CaptureError`] as [`super::pcapng::write`]; then the file is as it was, or ends within a packet.
    pub fn write(&mut self, recording: &Recording) -> Result<(), CaptureError> {
        for (index, frame) in recording.frames.iter().enumerate().skip(self.written) {
            put(&mut self.writer, recording.lanes.len(), index, frame)?;
        }
        self.written = recording.frames.len();
        let octets = std::mem::take(self.writer.get_mut());
        self.file.write_all(&octets).map_err(CaptureError::Io)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::pcapng;

    #[test]
    fn a_file_that_grew_holds_what_one_written_at_once_holds() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("growing.pcapng");
        let golden = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/captures/selective_care/",
            "failure-reporting--a-device-that-lacks-a-setting-reports-it.pcapng"
        );
        let whole = pcapng::read(File::open(golden).unwrap()).unwrap();
        let mut growing = Recording { lanes: whole.lanes.clone(), ..Recording::default() };

        let mut file = GrowingFile::create(&path, &growing).unwrap();
        for frame in &whole.frames {
            growing.frames.push(frame.clone());
            file.write(&growing).unwrap();
            // Whoever looks now sees everything up to here.
            assert_eq!(pcapng::read(File::open(&path).unwrap()).unwrap(), growing);
        }

        assert!(whole.frames.len() > 1);
        assert_eq!(growing, whole);
    }
}
