//! The types of what is exported and of what is imported are the same in WIT, and different ones in Rust.

use crate::exports::wasi::filesystem::types as ours;
use crate::wasi::filesystem::types as host;

macro_rules! same_enum {
    ($from:ident :: $name:ident => $to:ident, $($case:ident)+) => {
        impl From<$from::$name> for $to::$name {
            fn from(value: $from::$name) -> Self {
                match value { $($from::$name::$case => $to::$name::$case,)+ }
            }
        }
    };
}

macro_rules! same_flags {
    ($from:ident :: $name:ident => $to:ident) => {
        impl From<$from::$name> for $to::$name {
            fn from(value: $from::$name) -> Self {
                Self::from_bits_retain(value.bits())
            }
        }
    };
}

same_enum!(host::ErrorCode => ours,
    Access WouldBlock Already BadDescriptor Busy Deadlock Quota Exist FileTooLarge IllegalByteSequence InProgress
    Interrupted Invalid Io IsDirectory Loop TooManyLinks MessageSize NameTooLong NoDevice NoEntry NoLock
    InsufficientMemory InsufficientSpace NotDirectory NotEmpty NotRecoverable Unsupported NoTty NoSuchDevice Overflow
    NotPermitted Pipe ReadOnly InvalidSeek TextFileBusy CrossDevice);
same_enum!(host::DescriptorType => ours,
    Unknown BlockDevice CharacterDevice Directory Fifo SymbolicLink RegularFile Socket);
same_enum!(ours::Advice => host, Normal Sequential Random WillNeed DontNeed NoReuse);
same_flags!(ours::DescriptorFlags => host);
same_flags!(host::DescriptorFlags => ours);
same_flags!(ours::PathFlags => host);
same_flags!(ours::OpenFlags => host);

impl From<ours::NewTimestamp> for host::NewTimestamp {
    fn from(value: ours::NewTimestamp) -> Self {
        match value {
            ours::NewTimestamp::NoChange => Self::NoChange,
            ours::NewTimestamp::Now => Self::Now,
            ours::NewTimestamp::Timestamp(time) => Self::Timestamp(time),
        }
    }
}

impl From<host::DescriptorStat> for ours::DescriptorStat {
    fn from(value: host::DescriptorStat) -> Self {
        Self {
            type_: value.type_.into(),
            link_count: value.link_count,
            size: value.size,
            data_access_timestamp: value.data_access_timestamp,
            data_modification_timestamp: value.data_modification_timestamp,
            status_change_timestamp: value.status_change_timestamp,
        }
    }
}

impl From<host::DirectoryEntry> for ours::DirectoryEntry {
    fn from(value: host::DirectoryEntry) -> Self {
        Self { type_: value.type_.into(), name: value.name }
    }
}

impl From<host::MetadataHashValue> for ours::MetadataHashValue {
    fn from(value: host::MetadataHashValue) -> Self {
        Self { lower: value.lower, upper: value.upper }
    }
}
