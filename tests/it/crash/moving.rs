//! A MOVE between file systems while others write into its source: nothing that was acknowledged is lost.

use crate::crash::mounts::Tmpfs;
use crate::harness::TestServer;

#[test]
fn what_is_written_while_a_folder_moves_to_another_disk_is_not_lost() {
    let server = TestServer::start();
    let alice = server.person("alice");
    let Some(_disk) = Tmpfs::mount("writes during a move between disks", &alice.file("disk"), "64m") else { return };
    let mut refused = 0;
    for round in 0..5 {
        let (from, to) = (format!("/dav/from{round}"), format!("/dav/disk/to{round}"));
        std::fs::create_dir_all(alice.file(&format!("from{round}/deep"))).expect("folders");
        for number in 0..300 {
            std::fs::write(alice.file(&format!("from{round}/deep/f{number}")), vec![0; 20_000]).expect("a file");
        }
        let mover = {
            let (client, from, to) = (alice.client(), from.clone(), to.clone());
            std::thread::spawn(move || client.send("MOVE", &from, &[("Destination", &to)], b"").status)
        };
        let mut written = Vec::new();
        for number in 0.. {
            let name = format!("deep/new{number}");
            if alice.client().put(&format!("{from}/{name}"), name.as_bytes()).status == 201 {
                written.push(name);
            }
            if mover.is_finished() {
                break;
            }
        }
        let status = mover.join().expect("answered");
        assert!(matches!(status, 201 | 409), "{status}");
        refused += usize::from(status == 409);
        let stands = if status == 201 { &to } else { &from };
        for name in written {
            assert_eq!(alice.client().get(&format!("{stands}/{name}")).body, name.as_bytes(), "{status} {name}");
        }
        if status == 409 {
            assert_eq!(alice.client().get(&to).status, 404, "no half target");
        }
    }
    assert!(refused > 0, "at least once, a write came between");
}
