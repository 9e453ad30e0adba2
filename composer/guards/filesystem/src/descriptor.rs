use alloc::string::String;
use alloc::vec::Vec;

use crate::exports::wasi::filesystem::types::{
    Advice, Descriptor, DescriptorBorrow, DescriptorFlags, DescriptorStat, DescriptorType, DirectoryEntry,
    DirectoryEntryStream, ErrorCode, GuestDescriptor, GuestDirectoryEntryStream, MetadataHashValue,
    NewTimestamp, OpenFlags, PathFlags,
};
use crate::grants::Access;
use crate::paths::{is_link_target, stays_below};
use crate::wasi::filesystem::types as host;
use crate::wasi::io::streams::{InputStream, OutputStream};

type Answer<T> = Result<T, ErrorCode>;

/// A descriptor of the host, with the rights of the granted directory that it was opened below.
pub struct Opened {
    pub host: host::Descriptor,
    pub access: Access,
    /// What is true of it though the host does not say so: Wasmtime opens no directory as one that can be changed, and
    /// lets it be changed.
    pub also: host::DescriptorFlags,
}

/// The host's entries of a directory.
pub struct Entries(host::DirectoryEntryStream);

impl Opened {
    pub fn new(host: host::Descriptor, access: Access) -> Self {
        Opened { host, access, also: host::DescriptorFlags::empty() }
    }

    fn changed(&self) -> Answer<&host::Descriptor> {
        match self.access {
            Access::Read => Err(ErrorCode::ReadOnly),
            Access::Write => Ok(&self.host),
        }
    }

    fn at(&self, path: &str) -> Answer<&host::Descriptor> {
        if stays_below(path) { Ok(&self.host) } else { Err(ErrorCode::NotPermitted) }
    }

    fn changed_at(&self, path: &str) -> Answer<&host::Descriptor> {
        self.changed()?;
        self.at(path)
    }
}

/// Those flags by which anything can be changed.
fn changing(flags: DescriptorFlags) -> DescriptorFlags {
    flags & (DescriptorFlags::WRITE | DescriptorFlags::MUTATE_DIRECTORY)
}

impl GuestDescriptor for Opened {
    fn read_via_stream(&self, offset: u64) -> Answer<InputStream> {
        Ok(self.host.read_via_stream(offset)?)
    }

    fn write_via_stream(&self, offset: u64) -> Answer<OutputStream> {
        Ok(self.changed()?.write_via_stream(offset)?)
    }

    fn append_via_stream(&self) -> Answer<OutputStream> {
        Ok(self.changed()?.append_via_stream()?)
    }

    fn advise(&self, offset: u64, length: u64, advice: Advice) -> Answer<()> {
        Ok(self.host.advise(offset, length, advice.into())?)
    }

    fn sync_data(&self) -> Answer<()> {
        Ok(self.host.sync_data()?)
    }

    fn sync(&self) -> Answer<()> {
        Ok(self.host.sync()?)
    }

    fn get_flags(&self) -> Answer<DescriptorFlags> {
        let flags = DescriptorFlags::from(self.host.get_flags()? | self.also);
        Ok(match self.access {
            Access::Read => flags ^ changing(flags),
            Access::Write => flags,
        })
    }

    fn get_type(&self) -> Answer<DescriptorType> {
        Ok(self.host.get_type()?.into())
    }

    fn set_size(&self, size: u64) -> Answer<()> {
        Ok(self.changed()?.set_size(size)?)
    }

    fn set_times(&self, access: NewTimestamp, modification: NewTimestamp) -> Answer<()> {
        Ok(self.changed()?.set_times(access.into(), modification.into())?)
    }

    fn read(&self, length: u64, offset: u64) -> Answer<(Vec<u8>, bool)> {
        Ok(self.host.read(length, offset)?)
    }

    fn write(&self, buffer: Vec<u8>, offset: u64) -> Answer<u64> {
        Ok(self.changed()?.write(&buffer, offset)?)
    }

    fn stat(&self) -> Answer<DescriptorStat> {
        Ok(self.host.stat()?.into())
    }

    fn is_same_object(&self, other: DescriptorBorrow<'_>) -> bool {
        self.host.is_same_object(&other.get::<Opened>().host)
    }

    fn metadata_hash(&self) -> Answer<MetadataHashValue> {
        Ok(self.host.metadata_hash()?.into())
    }

    fn read_directory(&self) -> Answer<DirectoryEntryStream> {
        Ok(DirectoryEntryStream::new(Entries(self.host.read_directory()?)))
    }

    fn stat_at(&self, flags: PathFlags, path: String) -> Answer<DescriptorStat> {
        Ok(self.at(&path)?.stat_at(flags.into(), &path)?.into())
    }

    fn metadata_hash_at(&self, flags: PathFlags, path: String) -> Answer<MetadataHashValue> {
        Ok(self.at(&path)?.metadata_hash_at(flags.into(), &path)?.into())
    }

    fn readlink_at(&self, path: String) -> Answer<String> {
        let target = self.at(&path)?.readlink_at(&path)?;
        // Where the host's own tree lies is not the module's to know.
        if target.starts_with('/') { Err(ErrorCode::NotPermitted) } else { Ok(target) }
    }

    fn set_times_at(
        &self,
        flags: PathFlags,
        path: String,
        access: NewTimestamp,
        modification: NewTimestamp,
    ) -> Answer<()> {
        let at = self.changed_at(&path)?;
        Ok(at.set_times_at(flags.into(), &path, access.into(), modification.into())?)
    }

    fn create_directory_at(&self, path: String) -> Answer<()> {
        Ok(self.changed_at(&path)?.create_directory_at(&path)?)
    }

    fn remove_directory_at(&self, path: String) -> Answer<()> {
        Ok(self.changed_at(&path)?.remove_directory_at(&path)?)
    }

    fn unlink_file_at(&self, path: String) -> Answer<()> {
        Ok(self.changed_at(&path)?.unlink_file_at(&path)?)
    }

    fn symlink_at(&self, target: String, path: String) -> Answer<()> {
        let at = self.changed_at(&path)?;
        if !is_link_target(&target) {
            return Err(ErrorCode::NotPermitted);
        }
        Ok(at.symlink_at(&target, &path)?)
    }

    fn rename_at(&self, path: String, other: DescriptorBorrow<'_>, other_path: String) -> Answer<()> {
        let to = other.get::<Opened>().changed_at(&other_path)?;
        Ok(self.changed_at(&path)?.rename_at(&path, to, &other_path)?)
    }

    /// Both ends must be writable: under a second name a file that is only readable could be written.
    fn link_at(
        &self,
        flags: PathFlags,
        path: String,
        other: DescriptorBorrow<'_>,
        other_path: String,
    ) -> Answer<()> {
        let to = other.get::<Opened>().changed_at(&other_path)?;
        Ok(self.changed_at(&path)?.link_at(flags.into(), &path, to, &other_path)?)
    }

    fn open_at(
        &self,
        flags: PathFlags,
        path: String,
        open: OpenFlags,
        wanted: DescriptorFlags,
    ) -> Answer<Descriptor> {
        let makes = open & (OpenFlags::CREATE | OpenFlags::TRUNCATE) != OpenFlags::empty();
        let changes = makes || changing(wanted) != DescriptorFlags::empty();
        let at = if changes { self.changed_at(&path)? } else { self.at(&path)? };
        let opened = at.open_at(flags.into(), &path, open.into(), wanted.into())?;
        Ok(Descriptor::new(Opened::new(opened, self.access)))
    }
}

impl GuestDirectoryEntryStream for Entries {
    fn read_directory_entry(&self) -> Answer<Option<DirectoryEntry>> {
        Ok(self.0.read_directory_entry()?.map(DirectoryEntry::from))
    }
}
