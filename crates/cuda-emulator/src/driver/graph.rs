//! Graphs that were captured.

use std::ffi::{c_char, c_ulonglong, c_void};
use std::sync::Arc;

use super::{call, put};
use crate::machine::{Code, Handle, INVALID_HANDLE, INVALID_VALUE};

#[unsafe(no_mangle)]
unsafe extern "C" fn cuGraphInstantiateWithFlags(
    to: *mut Handle,
    graph: Handle,
    _flags: c_ulonglong,
) -> Code {
    call("graph", |machine| {
        let work = Arc::clone(machine.graphs.get(&graph).ok_or(INVALID_HANDLE)?);
        let handle = machine.handle();
        machine.executables.insert(handle, work);
        // SAFETY: the caller vouches for its pointers, here and in all functions below.
        unsafe { put(to, handle) }
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuGraphInstantiate_v2(
    to: *mut Handle,
    graph: Handle,
    _node: *mut Handle,
    _log: *mut c_char,
    _bytes: usize,
) -> Code {
    unsafe { cuGraphInstantiateWithFlags(to, graph, 0) }
}

#[unsafe(no_mangle)]
extern "C" fn cuGraphLaunch(executable: Handle, stream: Handle) -> Code {
    call("replay", |machine| {
        let work = Arc::clone(machine.executables.get(&executable).ok_or(INVALID_HANDLE)?);
        for task in work.iter() {
            machine.enqueue(stream, task.clone())?;
        }
        Ok(())
    })
}

#[unsafe(no_mangle)]
extern "C" fn cuGraphUpload(executable: Handle, _stream: Handle) -> Code {
    call("graph", |machine| {
        machine
            .executables
            .get(&executable)
            .map(drop)
            .ok_or(INVALID_HANDLE)
    })
}

#[unsafe(no_mangle)]
extern "C" fn cuGraphDestroy(graph: Handle) -> Code {
    call("graph", |machine| {
        machine
            .graphs
            .remove(&graph)
            .map(drop)
            .ok_or(INVALID_HANDLE)
    })
}

#[unsafe(no_mangle)]
extern "C" fn cuGraphExecDestroy(executable: Handle) -> Code {
    call("graph", |machine| {
        machine
            .executables
            .remove(&executable)
            .map(drop)
            .ok_or(INVALID_HANDLE)
    })
}

/// The number of nodes; their handles are made up.
#[unsafe(no_mangle)]
unsafe extern "C" fn cuGraphGetNodes(
    graph: Handle,
    nodes: *mut *mut c_void,
    count: *mut usize,
) -> Code {
    call("graph", |machine| {
        let work = machine.graphs.get(&graph).ok_or(INVALID_HANDLE)?;
        if count.is_null() {
            return Err(INVALID_VALUE);
        }
        if !nodes.is_null() {
            let wanted = unsafe { *count }.min(work.len());
            for index in 0..wanted {
                unsafe { nodes.add(index).write((index + 1) as *mut c_void) };
            }
        }
        unsafe { put(count, work.len()) }
    })
}
